"""Who somebody is: signing up, in and out."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import Conflict, Forbidden, NotFound, Unauthorized
from app.models import Membership, Session, User, Workspace
from app.runtime import Runtime
from app.security import hash_password, hash_token, is_password, new_token
from app.services.emails import check_email, normalize_email
from app.services.example import add_example
from app.services.values import check_text, invalid_field, is_storable

SESSION_LIFE = timedelta(days=30)
SEEN_EVERY = timedelta(minutes=10)  # a session slides on without a write at each request


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """Somebody who has just come in; `token` goes into the cookie and is kept nowhere else."""

    user: User
    session: Session
    token: str


async def sign_up(rt: Runtime, *, email: str, password: str, name: str, user_agent: str = "") -> SignedIn:
    """Register and sign in; the first user is the administrator."""
    user = await create_user(rt, email=email, password=password, name=name, is_sign_up=True)
    async with rt.database.write() as session:
        return _open_session(rt, session, user, user_agent)


async def create_user(rt: Runtime, *, email: str, password: str, name: str, is_sign_up: bool = False) -> User:
    """Add a user with a workspace and an example of their own; raise Conflict for a taken e-mail."""
    email, name = check_email(email), check_text(name, "name", label="Name", max_length=100)
    if is_sign_up:
        async with rt.database.read() as session:
            await _check_open(rt, session)  # before the hash, which takes its time
    password_hash = await hash_password(check_password(password))
    try:
        async with rt.database.write() as session:
            await rt.database.lock(session, "first user")
            is_first = await _is_first(session)
            if is_sign_up:
                await _check_open(rt, session)
            user = User(
                email=email,
                email_key=normalize_email(email) or email,
                name=name,
                password_hash=password_hash,
                is_admin=is_first,
            )
            session.add(user)
            await session.flush()
            await _give_workspace(session, user)
            await add_example(session, user)
    except IntegrityError as error:
        raise Conflict("This e-mail is registered already. Sign in instead.") from error
    return user


async def sign_in(rt: Runtime, *, email: str, password: str, address: str = "", user_agent: str = "") -> SignedIn:
    """Check e-mail and password; raise Unauthorized when wrong and RateLimited after too many failures."""
    now = rt.clock()
    user = await _find_user(rt, email)
    # With the hash in it, whoever gets a new password begins anew, in whatever process they got it.
    by_email = f"email {normalize_email(email)} {user.password_hash if user else ''}"
    keys = [by_email, *([f"address {address}"] if address else [])]
    for key in keys:
        rt.attempts.check(key, now)
    for key in keys:
        rt.attempts.add(key, now)
    if not await is_password(password[:1000], user.password_hash if user else None) or user is None:
        raise Unauthorized("Wrong e-mail or password.")
    rt.attempts.forget(by_email)
    for key in keys[1:]:
        rt.attempts.take_back(key, now)
    async with rt.database.write() as session:
        return _open_session(rt, session, user, user_agent)


async def sign_out(rt: Runtime, token: str) -> None:
    """Remove the session and tell those who listen; safe to call again."""
    async with rt.database.write() as session:
        found = (await session.exec(select(Session).where(Session.token_hash == hash_token(token)))).first()
        if found is None:
            return
        await session.delete(found)
    for listener in rt.on_sign_out:
        listener(found.id)


async def find_session(rt: Runtime, token: str | None) -> tuple[User, Session] | None:
    """Whose token this is, if the session still lives; it lives on while it is used."""
    if not token:
        return None
    now = rt.clock()
    query = select(User, Session).join(Session).where(Session.token_hash == hash_token(token), Session.expires_at > now)
    async with rt.database.read() as reading:
        if (row := (await reading.exec(query)).first()) is None:
            return None
    user, session = row
    if now - session.last_seen_at > SEEN_EVERY:
        session = await _slide(rt, session)
    return user, session


async def remove_expired_sessions(rt: Runtime) -> None:
    """Forget the sessions that nobody can use any more."""
    async with rt.database.write() as session:
        await session.exec(delete(Session).where(col(Session.expires_at) < rt.clock()))


async def reset_password(rt: Runtime, *, email: str, password: str) -> User:
    """Give a user a new password and end all of their sessions; raise NotFound for an unknown e-mail."""
    password_hash = await hash_password(check_password(password))
    if (user := await _find_user(rt, email)) is None:
        raise NotFound(f"Nobody is registered as {email}.")
    async with rt.database.write() as session:
        user.password_hash = password_hash
        session.add(user)
        await session.exec(delete(Session).where(col(Session.user_id) == user.id))
    return user


def check_password(password: str) -> str:
    """Return the password; raise Invalid when it is too short, too long or not plain text."""
    if len(password) < 8:
        raise invalid_field("password", "The password must have at least 8 characters.")
    if len(password) > 1000:
        raise invalid_field("password", "The password must have at most 1,000 characters.")
    if not is_storable(password):
        raise invalid_field("password", "The password contains a character that can't be used. Remove it.")
    return password


async def _check_open(rt: Runtime, session: AsyncSession) -> None:
    if rt.settings.sign_up == "invite" and not await _is_first(session):
        raise Forbidden("Registration is closed here. Ask the administrator for an account.")


async def _is_first(session: AsyncSession) -> bool:
    return (await session.exec(select(User.id).limit(1))).first() is None


async def _give_workspace(session: AsyncSession, user: User) -> None:
    workspace = Workspace(name=f"{user.name}’s workspace")
    session.add(workspace)
    await session.flush()
    session.add(Membership(workspace_id=workspace.id, user_id=user.id, role="admin"))
    await session.flush()


async def _find_user(rt: Runtime, email: str) -> User | None:
    if (key := normalize_email(email)) is None:
        return None
    async with rt.database.read() as session:
        return (await session.exec(select(User).where(User.email_key == key))).first()


def _open_session(rt: Runtime, session: AsyncSession, user: User, user_agent: str) -> SignedIn:
    token, now = new_token(), rt.clock()
    opened = Session(
        user_id=user.id,
        token_hash=hash_token(token),
        expires_at=now + SESSION_LIFE,
        last_seen_at=now,
        user_agent=user_agent[:200],
    )
    session.add(opened)
    return SignedIn(user=user, session=opened, token=token)


async def _slide(rt: Runtime, session: Session) -> Session:
    async with rt.database.write() as writing:
        if (kept := await writing.get(Session, session.id)) is None:
            return session
        kept.last_seen_at, kept.expires_at = rt.clock(), rt.clock() + SESSION_LIFE
        writing.add(kept)
        return kept
