"""The product's tables: people, their workspaces and their workflows."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from engine.ids import new_id
from engine.models import UtcDateTime, utc_now


class Stamped(SQLModel):
    """When a row was made and last changed."""

    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime, sa_column_kwargs={"onupdate": utc_now})


class User(Stamped, table=True):
    """A person; `email` is kept as written, and `email_key` is what its spellings have in common."""

    __tablename__ = "users"

    id: str = Field(default_factory=lambda: new_id("us"), primary_key=True)
    email: str
    email_key: str = Field(unique=True)
    name: str
    password_hash: str
    is_admin: bool = False


class Session(Stamped, table=True):
    """A browser that has signed in; only the hash of its token is kept."""

    __tablename__ = "sessions"

    id: str = Field(default_factory=lambda: new_id("se"), primary_key=True)
    user_id: str = Field(foreign_key="users.id", ondelete="CASCADE", index=True)
    token_hash: str = Field(unique=True)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    last_seen_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    user_agent: str = ""


class Workspace(Stamped, table=True):
    """Where a team's workflows live; each user starts with one of their own."""

    __tablename__ = "workspaces"

    id: str = Field(default_factory=lambda: new_id("ws"), primary_key=True)
    name: str


class Membership(Stamped, table=True):
    """Who works in a workspace, as viewer, editor or admin."""

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("workspace_id", "user_id"),)

    id: str = Field(default_factory=lambda: new_id("me"), primary_key=True)
    workspace_id: str = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    user_id: str = Field(foreign_key="users.id", ondelete="CASCADE", index=True)
    role: str


class Workflow(Stamped, table=True):
    """A draft: what the canvas shows. `rev` counts its changes."""

    __tablename__ = "workflows"

    id: str = Field(default_factory=lambda: new_id("wf"), primary_key=True)
    user_id: str = Field(foreign_key="users.id")
    workspace_id: str = Field(foreign_key="workspaces.id", index=True)
    name: str
    description: str = ""
    nodes: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    edges: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    extra: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    rev: int = 1
    active: bool = False
    active_version: int | None = None
    webhook_token: str | None = Field(default=None, unique=True)
    tags: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    deleted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def definition_of(workflow: Workflow) -> dict[str, Any]:
    """The definition as it came in."""
    return {
        **workflow.extra,
        "name": workflow.name,
        "description": workflow.description,
        "nodes": workflow.nodes,
        "edges": workflow.edges,
        **({"tags": workflow.tags} if workflow.tags else {}),
    }


class WorkflowVersion(SQLModel, table=True):
    """A definition that was activated; it never changes again."""

    __tablename__ = "workflow_versions"

    workflow_id: str = Field(foreign_key="workflows.id", primary_key=True, ondelete="CASCADE")
    version: int = Field(primary_key=True)
    definition: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    user_id: str = Field(foreign_key="users.id")
    note: str = ""
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class WorkflowChange(SQLModel, table=True):
    """One applied batch of ops with its inverse: the history that undo walks and a late client reads."""

    __tablename__ = "workflow_changes"

    workflow_id: str = Field(foreign_key="workflows.id", primary_key=True, ondelete="CASCADE")
    rev: int = Field(primary_key=True)
    user_id: str = Field(foreign_key="users.id")
    kind: str = "edit"  # edit, undo, redo or replace, which has no ops
    of_rev: int | None = None  # the change that an undo or redo turns back
    is_undone: bool = False
    ops: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    inverse: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Connection(Stamped, table=True):
    """A workspace's account at a service; `credentials` is encrypted and never leaves the server."""

    __tablename__ = "connections"

    id: str = Field(default_factory=lambda: new_id("cn"), primary_key=True)
    workspace_id: str = Field(foreign_key="workspaces.id", index=True)
    user_id: str = Field(foreign_key="users.id")
    plugin: str
    name: str
    credentials: str
    base_url: str | None = None
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
