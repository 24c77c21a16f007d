"""Applies a declared policy: the whole of it in one transaction, or nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

from sidecar.domain.audit import done
from sidecar.domain.declaration import Author, Declaration, faults, outcome
from sidecar.domain.errors import Invalid
from sidecar.domain.names import EVERY_PROJECT
from sidecar.domain.policy import Caller
from sidecar.domain.state import Change, State, changes
from sidecar.domain.tenancy import Binding, Project, Role, ServiceAccount
from sidecar.ports import Clock, Store, Tables


@dataclass(frozen=True, slots=True)
class ApplyPolicy:
    """For administrators of the installation, who hold all that a policy can give."""

    store: Store
    clock: Clock
    account_domain: str

    async def __call__(self, caller: Caller, declaration: Declaration, dry_run: bool) -> tuple[Change, ...]:
        """What changed, or would change; applied again it is nothing. Raises Invalid with every fault."""
        author = Author(caller.principal.name, self.clock.now(), self.account_domain)
        async with self.store.reading() if dry_run else self.store.writing() as tables:
            present = await _present(tables, declaration)
            wanted = outcome(declaration, present, author)
            wrong = faults(declaration, present, wanted, author)
            if wrong:
                raise Invalid(*wrong)
            needed = changes(present, wanted)
            if not dry_run:
                await _write(tables, needed)
                for change in needed:
                    await tables.audit.record(done(caller, author.at, change.before, change.after))
        return needed


async def _present(tables: Tables, declaration: Declaration) -> State:
    """All projects, and what stands in those that are declared."""
    state = State({project.sid: project for project in await tables.projects.list()})
    for sid in (declared.sid for declared in declaration.projects if declared.sid in state.projects):
        state.roles.update({(sid, role.name): role for role in await tables.roles.list(sid)})
        state.accounts.update({(sid, account.sid): account for account in await tables.accounts.list(sid)})
        state.bindings.update({(sid, binding.principal): binding for binding in await tables.bindings.list(sid)})
    everywhere = await tables.bindings.list(EVERY_PROJECT)
    state.bindings.update({(EVERY_PROJECT, binding.principal): binding for binding in everywhere})
    return state


async def _write(tables: Tables, needed: Iterable[Change]) -> None:
    for change in needed:
        match change.after:
            case Project() as project:
                await (tables.projects.add if change.before is None else tables.projects.replace)(project)
            case Role() as role:
                await tables.roles.put(role)
            case ServiceAccount() as account:
                await (tables.accounts.add if change.before is None else tables.accounts.replace)(account)
            case Binding() as binding:
                await tables.bindings.put(binding)
