"""The conventions by which existing clients' bodies become requests."""

from typing import Annotated, Any

import pytest

from sidecar.domain.errors import Invalid
from sidecar.web.api.bodies import InProject, read_body_as
from sidecar.web.api.fields import PermissionField, Prose, Time, Title, Whole
from sidecar.web.api.registry import ListTags, NamedTag


class Sample(InProject):
    display_name: Title | None = None
    text: Prose = "nothing"
    ttl_seconds: Annotated[int, Whole(-1, 10**18)] | None = None
    ends_at: Time | None = None
    permissions: tuple[PermissionField, ...] = ()
    dry: bool | None = None


def faults(**fields: Any) -> tuple[str, ...]:
    with pytest.raises(Invalid) as refused:
        read_body_as(Sample, fields)
    return refused.value.items


@pytest.mark.parametrize("key", ["displayName", "displayname", "DISPLAYNAME", "DisplayName", "dISPLAYnAME"])
def test_keys_match_without_regard_to_case(key: str) -> None:
    """Existing clients write the same field differently."""
    assert read_body_as(Sample, {"PROJECT": "acme", key: "Web"}).display_name == "Web"


@pytest.mark.parametrize("key", ["di\u017fplayName", "display_name", "display-name", "diſplayname", "ttl\u212aeconds"])
def test_only_ascii_folds(key: str) -> None:
    """S1: a key that only Unicode's rules, or a programmer, would take for a field is an unknown one."""
    assert faults(project="acme", **{key: "Web"}) == (f"{key}: unknown field",)


@pytest.mark.parametrize("zero", ["", 0, "0", "0001-01-01T00:00:00Z", None, 0.0])
@pytest.mark.parametrize("field", ["displayName", "text", "ttlSeconds", "endsAt", "permissions"])
def test_zero_values_mean_absent(field: str, zero: object) -> None:
    """Typed clients send all that they know of: what they left empty must not be taken for a wish."""
    assert read_body_as(Sample, {"project": "acme", field: zero}) == Sample.model_validate({"project": "acme"})


def test_a_required_field_of_zero_value_is_missing() -> None:
    """Absent is absent, whichever way it is said."""
    assert faults(project="") == ("project: is missing",)


def test_a_required_text_may_be_zero() -> None:
    """A tag may be called `0`, and has to be named to be taken away; where a field may be absent, it means that."""
    assert read_body_as(NamedTag, {"project": "acme", "repository": "web", "tag": "0"}).tag == "0"
    assert read_body_as(ListTags, {"project": "acme", "repository": "web", "filter": "0"}).filter is None


def test_false_is_a_value() -> None:
    """It equals 0 in Python, but nobody says that it means absent."""
    assert read_body_as(Sample, {"project": "acme", "dry": False}).dry is False


@pytest.mark.parametrize("field", ["location", "projectId", "PROJECTID", "billingAccount", "channel"])
@pytest.mark.parametrize("value", ["eu-west", 7, {"any": "thing"}, None])
def test_legacy_fields_are_taken_and_ignored(field: str, value: object) -> None:
    """Clients of the older service still send them."""
    assert read_body_as(Sample, {"project": "acme", field: value}) == Sample.model_validate({"project": "acme"})


@pytest.mark.parametrize("field", ["owner", "createdBy", "admin", "permission", "__class__", ""])
def test_any_other_field_is_refused(field: str) -> None:
    """S1: unknown and privileged fields are refused rather than ignored, so that nobody believes that they count."""
    assert faults(project="acme", **{field: "x"}) == (f"{field}: unknown field",)


def test_a_field_that_is_given_twice_is_refused() -> None:
    """Of two spellings with two values, neither is guessed to be the right one."""
    assert faults(project="acme", Project="other") == ("Project: is given twice",)
    assert faults(project="acme", PROJECT=None) == ("PROJECT: is given twice",)


def test_all_faults_are_told_at_once() -> None:
    """Each names its field; nobody has to send a body again and again to hear of the next fault."""
    told = faults(displayName="a\nb", ttlSeconds="soon", endsAt="tomorrow", permissions=["registry.fly"], more=1)
    assert [fault.partition(":")[0] for fault in told] == [
        "project",
        "displayName",
        "ttlSeconds",
        "endsAt",
        "permissions.0",
        "more",
    ]


def test_the_list_of_faults_is_bounded() -> None:
    """S30: a body of nothing but faults doesn't become an answer as large."""
    told = faults(**{f"{number:0100}x": 1 for number in range(1000)})
    assert len(told) == 100
    assert max(map(len, told)) < 100


@pytest.mark.parametrize(("given", "read"), [(900, 900), ("900", 900), (900.0, 900), (-1, -1)])
def test_whole_numbers(given: object, read: int) -> None:
    """Some clients send 64-bit numbers as text."""
    assert read_body_as(Sample, {"project": "acme", "ttlSeconds": given}).ttl_seconds == read


@pytest.mark.parametrize("given", [True, 1.5, "9e2", "9_0", " 9", "٣", "9" * 400, [], {}])
def test_no_whole_numbers(given: object) -> None:
    """Nothing else is taken for one."""
    assert faults(project="acme", ttlSeconds=given) == ("ttlSeconds: must be a whole number",)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("2027-01-31T12:00:00Z", "2027-01-31T12:00:00+00:00"),
        ("2027-01-31t12:00:00.5z", "2027-01-31T12:00:00.500000+00:00"),
        ("2027-01-31T12:00:00.123456789+02:00", "2027-01-31T10:00:00.123456+00:00"),
    ],
)
def test_times(given: str, read: str) -> None:
    """RFC 3339, with any zone; kept in UTC."""
    ends_at = read_body_as(Sample, {"project": "acme", "endsAt": given}).ends_at
    assert ends_at is not None
    assert ends_at.isoformat() == read


@pytest.mark.parametrize(
    "given",
    [
        "2027-01-31",
        "2027-01-31T12:00:00",
        "2027-13-31T12:00:00Z",
        "2027-01-31T12:00:60Z",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "2027-01-31T12:00:00+99:00",
        "20270131T120000Z",
        1801396800,
    ],
)
def test_no_times(given: object) -> None:
    """No zone, no such time, or beyond what can be counted: a fault of the field, never one of ours."""
    (told,) = faults(project="acme", endsAt=given)
    assert told.startswith("endsAt: ")
