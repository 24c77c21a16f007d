"""What each error code of the API means, for its reference; a test holds them to the codes that methods document."""

from collections.abc import Mapping
from typing import Final

MEANINGS: Final[Mapping[str, str]] = {
    "unauthorized": "no credentials, or none that count",
    "forbidden": "known in the project, but a permission is missing; `items` names what is missing",
    "validate": "the body breaks rules; `items` has one text for each fault, which names its field",
    "project_not_found": "it isn't there, or the caller has no binding in it: the same answer",
    "role_not_found": "the project has no role of that name",
    "binding_not_found": "the principal doesn't hold that role there",
    "service_account_not_found": "the project has no account of that id",
    "key_not_found": "the account has no such key",
    "token_not_found": "the caller has no such token",
    "repository_not_found": "the project holds no such repository that the caller may see",
    "sweep_not_found": "there is no such sweep, or it was long ago",
    "tag_not_found": "the repository has no such tag",
    "manifest_not_found": "the repository has no such manifest",
    "manifest_tagged": "a tag points at it; `items` names the tags",
    "manifest_in_use": "an index lists it or a referrer names it, or one that was not read yet may; `items` names them",
    "already_exists": "the id is taken",
    "project_in_use": "the registry still holds repositories of it; `items` names them",
    "role_in_use": "somebody is bound to it; `items` names them",
    "last_owner": "nobody would be left who could give rights back",
    "too_many_projects": "somebody who isn't an administrator has made at most 100 projects that are there",
    "too_many_roles": "a project has at most 100 roles of its own",
    "too_many_bindings": "a project has at most 2000 bindings, and so has every project (`*`)",
    "too_many_service_accounts": "a project has at most 1000 service accounts",
    "too_many_keys": "a service account has at most 100 keys",
    "pull_secret_not_found": "the project has no pull secret of that name",
    "pull_secret_locked": "no key of the installation opens the password, or there is none to keep it with",
    "too_many_tokens": "somebody has at most 1000 tokens that still live",
    "too_many_pull_secrets": "a project has at most 100 pull secrets, and each at most 100 living secrets",
    "quarantined_event_not_found": "the quarantine has no item of that id",
    "registry_unavailable": "the registry did not answer as it should; nothing was changed",
}
