"""What all tests share: the product's settings in a temporary folder, and a PostgreSQL of their own."""
