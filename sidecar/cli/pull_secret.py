"""`sidecar pull-secret`: what clusters pull with, by whoever has a token; forms for docker and Kubernetes on stdout."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from sidecar.cli.api.caller import call_as_caller
from sidecar.cli.failure import Failure
from sidecar.cli.options import LOCAL_SIDECAR, SidecarUrl, seconds_of, with_options
from sidecar.cli.table import table_of, terminal_width
from sidecar.cli.terminal import printable_json

app = typer.Typer(no_args_is_help=True, help="Pull secrets: what clusters and other machines pull with.")

Project = Annotated[str, typer.Argument(metavar="PROJECT", help="The project's sid.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The pull secret's name.")]
Ttl = Annotated[str | None, typer.Option(help="How long it lives, such as 90d.")]
PasswordFile = Annotated[
    Path | None, typer.Option(metavar="F", help="Holds the password at the other registry; - reads standard input.")
]


@dataclass(frozen=True, slots=True)
class Handing:
    """The options that say in which form a pull secret is handed out, and which sidecar is asked."""

    include: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Another registry's pull secret for the same configuration; repeatable."),
    ] = None
    namespace: Annotated[str | None, typer.Option(help="The namespace to write into the Kubernetes manifest.")] = None
    kubernetes: Annotated[bool, typer.Option("--kubernetes", help="Print a Secret for kubectl apply -f -.")] = False
    docker_config: Annotated[bool, typer.Option("--docker-config", help="Print docker's config.json.")] = False
    url: SidecarUrl = LOCAL_SIDECAR

    def __post_init__(self) -> None:
        """Before anything is asked of the sidecar: a secret that was made is shown just once."""
        if self.kubernetes and self.docker_config:
            raise typer.BadParameter("either --kubernetes or --docker-config")

    def hand_over(self, method: str, body: dict[str, Any]) -> None:
        """Calls the method, and prints its result or the one form of it. What was not given is left out of the body."""
        shown = {"include": self.include, "namespace": self.namespace}
        result = call_as_caller(self.url, method, **_given(body | shown))
        form = "kubernetes" if self.kubernetes else "dockerConfig" if self.docker_config else None
        if form is None:
            typer.echo(printable_json(result, indent=2))
        elif form not in result:
            raise Failure("this registry's secrets are shown once only, when they are made: renew it for a new one")
        elif self.kubernetes:
            typer.echo(result[form], nl=False)
        else:
            typer.echo(base64.b64decode(result[form]).decode())


@app.command()
@with_options(Handing)
def create(
    project: Project,
    name: Name,
    ttl: Ttl = None,
    repository: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only for repositories that fit, such as acme/web; repeatable."),
    ] = None,
    server: Annotated[str | None, typer.Option(help="Another registry, such as ghcr.io.")] = None,
    username: Annotated[str | None, typer.Option(help="The user name there.")] = None,
    password_file: PasswordFile = None,
    *,
    handing: Handing,
) -> None:
    """Make a pull secret, or keep a login at another registry.

    Without --server it is for this registry, and its secret is shown this once.

    \b
    Example:
      sidecar pull-secret create acme cluster --ttl 90d --namespace shop --kubernetes | kubectl apply -f -
      sidecar pull-secret create acme github --server ghcr.io --username ann --password-file - < token
    """
    login = {"server": server, "username": username, "password": _password(password_file)}
    body = {"project": project, "name": name, "ttlSeconds": _seconds(ttl), "repositories": repository}
    handing.hand_over("pullSecret.create", body | login)


@app.command()
@with_options(Handing)
def renew(
    project: Project,
    name: Name,
    ttl: Ttl = None,
    overlap: Annotated[
        str | None, typer.Option(help="How long the secrets before still count, such as 6h; a day without it.")
    ] = None,
    password_file: PasswordFile = None,
    *,
    handing: Handing,
) -> None:
    """Make a new secret under the same name, and show it.

    The ones before count on for a while, so that no pull fails meanwhile.

    \b
    Example:
      sidecar pull-secret renew acme cluster --namespace shop --kubernetes | kubectl apply -f -
    """
    times = {"ttlSeconds": _seconds(ttl), "overlapSeconds": _seconds(overlap)}
    body = {"project": project, "name": name, "password": _password(password_file)}
    handing.hand_over("pullSecret.renew", body | times)


@app.command("list")
def list_secrets(
    project: Project,
    expiring_within: Annotated[
        str | None, typer.Option(help="Only those that end within this time, or have ended, such as 7d.")
    ] = None,
    url: SidecarUrl = LOCAL_SIDECAR,
) -> None:
    """List a project's pull secrets.

    \b
    Example:
      sidecar pull-secret list acme --expiring-within 7d
    """
    columns = ("name", "server", "valid", "createdAt", "expiresAt", "lastUsedAt")
    body = _given({"project": project, "expiringWithin": _seconds(expiring_within)})
    items = call_as_caller(url, "pullSecret.list", **body)["items"]
    rows = [{name: item.get(name) for name in columns} for item in items]
    typer.echo("\n".join(table_of(rows, terminal_width())))


@app.command()
@with_options(Handing)
def get(project: Project, name: Name, *, handing: Handing) -> None:
    """Show a pull secret; another registry's with its password.

    \b
    Example:
      sidecar pull-secret get acme github --docker-config > ~/.docker/config.json
    """
    handing.hand_over("pullSecret.get", {"project": project, "name": name})


@app.command()
def delete(project: Project, name: Name, url: SidecarUrl = LOCAL_SIDECAR) -> None:
    """Delete a pull secret, which counts at once.

    \b
    Example:
      sidecar pull-secret delete acme cluster
    """
    call_as_caller(url, "pullSecret.delete", project=project, name=name)


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _seconds(text: str | None) -> int | None:
    return None if text is None else seconds_of(text)


def _password(path: Path | None) -> str | None:
    """Never an option's value, which other users of the machine could read."""
    if path is None:
        return None
    try:
        text = typer.get_text_stream("stdin").read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{path}: can't be read: {error}") from None
    return text.removesuffix("\n").removesuffix("\r")
