"""What is tried with every client: each action says what must come of it, and what did.

Images that a client is to find are placed by another one, so that each action is about one command of its client.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.system.client.base import Client, Ran
from tests.system.client.scene import Scene
from tests.system.layouts import digest_of, image_layout, index_layout, referrer_layout
from tests.system.stage import Account

_CLEAR: Final = re.compile("denied|unauthori[sz]ed|authentication required|insufficient_scope|invalid username", re.I)
"""How clients say that something is not allowed; anything else would send people looking for a broken network."""


@dataclass(frozen=True, slots=True)
class Came:
    """What came of an action, in a word or two, and the client's own words where they are of interest."""

    outcome: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """`title` is for the page; `does` raises AssertionError where the promise is broken, Cannot where there is no such verb."""

    title: str
    does: Callable[[Client, Scene, str], Came]


def _login(client: Client, scene: Scene, name: str) -> Came:
    _worked(client.login(scene.developer))
    return Came("works" if client.checks_login else "unchecked")


def _wrong_secret(client: Client, scene: Scene, name: str) -> Came:
    """TS-30: even where everything that follows were public. Whose secret it is has failed nowhere else (TS-39)."""
    scene.placed(f"free/{name}:v1")
    account = scene.stage.account("acme", f"typist-{name}", "developer")
    ran = client.login(Account(account.email, account.secret[:-1]))
    if client.checks_login:
        return _refused(ran)
    _refused(client.pull(f"free/{name}:v1"))
    return Came("refused when used")


def _push(client: Client, scene: Scene, name: str) -> Came:
    """And the index hears of it, and of who it was."""
    client.login(scene.developer)
    _worked(client.push(image_layout(scene.layout(name)), f"acme/{name}:v1"))
    assert scene.manifest(f"acme/{name}:v1")["pushedBy"] == scene.developer.email
    return Came("works")


def _pull(client: Client, scene: Scene, name: str) -> Came:
    scene.placed(f"acme/{name}:v1")
    client.login(scene.developer)
    _worked(client.pull(f"acme/{name}:v1"))
    return Came("works")


def _index(client: Client, scene: Scene, name: str) -> Came:
    """Pushed with both its images, known with both, and pulled."""
    client.login(scene.developer)
    _worked(client.push_index(index_layout(scene.layout(name), "amd64", "arm64"), f"acme/{name}:v1"))
    scene.index(f"acme/{name}:v1", children=2)
    _worked(client.pull(f"acme/{name}:v1"))
    return Came("works")


def _copy(client: Client, scene: Scene, name: str) -> Came:
    """S19: between two projects in which the same account may push."""
    scene.placed(f"acme/{name}:v1")
    client.login(scene.both)
    _worked(client.copy(f"acme/{name}:v1", f"other/{name}:v1"))
    return Came("mounted" if 201 in scene.mounts(f"other/{name}") else "uploaded")


def _unreadable_source(client: Client, scene: Scene, name: str) -> Came:
    """TS-24: who may not read the source mounts nothing from it. Who has its layers already uploads them."""
    scene.placed(f"acme/{name}:v1")
    if not client.keeps_images:
        client.login(scene.stranger)
        return _refused(client.copy(f"acme/{name}:v1", f"other/{name}:v1"))
    client.login(scene.developer)
    _worked(client.pull(f"acme/{name}:v1"))
    client.login(scene.stranger)
    ran = client.push_again(f"acme/{name}:v1", f"other/{name}:v1")
    assert 201 not in scene.mounts(f"other/{name}")
    if client.gives_up_unmounted:
        return _refused(ran)
    _worked(ran)
    return Came("uploaded")


def _foreign_push(client: Client, scene: Scene, name: str) -> Came:
    client.login(scene.stranger)
    return _refused(client.push(image_layout(scene.layout(name)), f"acme/{name}:v1"))


def _foreign_pull(client: Client, scene: Scene, name: str) -> Came:
    scene.placed(f"acme/{name}:v1")
    client.login(scene.stranger)
    return _refused(client.pull(f"acme/{name}:v1"))


def _public_pull(client: Client, scene: Scene, name: str) -> Came:
    """TS-26: by nobody in particular."""
    scene.placed(f"free/{name}:v1")
    _worked(client.pull(f"free/{name}:v1"))
    return Came("works")


def _delete(client: Client, scene: Scene, name: str) -> Came:
    """By an owner; afterwards it is gone."""
    layout = scene.placed(f"acme/{name}:v1")
    client.login(scene.owner)
    _worked(client.delete(f"acme/{name}:v1", digest_of(layout)))
    assert client.pull(f"acme/{name}:v1").returncode != 0
    return Came("works")


def _delete_without_right(client: Client, scene: Scene, name: str) -> Came:
    """S29: by a developer, who may push; it is still there."""
    layout = scene.placed(f"acme/{name}:v1")
    client.login(scene.developer)
    came = _refused(client.delete(f"acme/{name}:v1", digest_of(layout)))
    _worked(client.pull(f"acme/{name}:v1"))
    return came


def _referrer(client: Client, scene: Scene, name: str) -> Came:
    """The index knows whose referrer it is, which no event tells (registry fact 9)."""
    subject = scene.placed(f"acme/{name}:v1")
    client.login(scene.developer)
    _worked(client.push_referrer(referrer_layout(scene.layout(name), subject), f"acme/{name}:v1"))
    assert scene.referrer(f"acme/{name}")["subject"] == digest_of(subject)
    return Came("works")


def _refresh_token(client: Client, scene: Scene, name: str) -> Came:
    """TS-53: with what docker keeps in place of a personal token, and with nothing else, again and again."""
    scene.placed(f"acme/{name}:v1")
    client.keep_refresh_token(scene.refresh_token())
    _worked(client.pull(f"acme/{name}:v1"))
    _worked(client.pull(f"acme/{name}:v1"))
    return Came("works")


def _revoked(client: Client, scene: Scene, name: str) -> Came:
    """S22: at the next command; or, by a client that keeps its tokens, at the next that needs a new one."""
    for part in ("one", "two"):
        scene.placed(f"acme/{name}-{part}:v1")
    account = scene.stage.account("acme", f"leaver-{name}", "developer")
    client.login(account)
    _worked(client.pull(f"acme/{name}-one:v1"))
    scene.stage.call("serviceAccount.deleteKey", project="acme", id=f"leaver-{name}", secret=account.key_id)
    came = _refused(client.pull(f"acme/{name}-two:v1"))
    if client.keeps_tokens:
        return Came("refused when its token ends", came.words)
    return _refused(client.pull(f"acme/{name}-one:v1"))


def _build(client: Client, scene: Scene, name: str) -> Came:
    scene.placed(f"acme/{name}:v1")
    client.login(scene.developer)
    _worked(client.build(f"acme/{name}:v1"))
    return Came("works")


ACTIONS: Final = {
    "login": Action("login", _login),
    "wrong-secret": Action("login with a wrong secret", _wrong_secret),
    "push": Action("push", _push),
    "pull": Action("pull", _pull),
    "index": Action("push and pull of an index of two architectures", _index),
    "copy": Action("copy from one project to another, by one who may", _copy),
    "unreadable": Action("copy from a project that one may not read", _unreadable_source),
    "foreign-push": Action("push into a foreign project", _foreign_push),
    "foreign-pull": Action("pull from a foreign project", _foreign_pull),
    "public-pull": Action("pull of a public image without login", _public_pull),
    "delete": Action("delete, by an owner", _delete),
    "delete-refused": Action("delete, by one who may only push", _delete_without_right),
    "referrer": Action("push of an artifact with a subject", _referrer),
    "refresh-token": Action("pulls with a refresh token alone", _refresh_token),
    "revoked": Action("pull with a key that was just revoked", _revoked),
    "build": Action("build upon a private image", _build),
}


def _worked(ran: Ran) -> None:
    assert ran.returncode == 0, (ran.args, ran.stdout, ran.stderr)


def _refused(ran: Ran) -> Came:
    """It failed, and says why."""
    words = f"{ran.stdout}\n{ran.stderr}".strip()
    assert ran.returncode != 0, (ran.args, words)
    clear = [line for line in words.splitlines() if _CLEAR.search(line)]
    assert clear, (ran.args, words)
    return Came("refused", clear[-1].strip())
