"""The bytes of an id are those of a ClickHouse UUID."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import from_uuid, to_uuid, uuid_text


@given(st.binary(min_size=16, max_size=16))
def test_an_id_is_a_uuid_and_back(id: bytes) -> None:
    assert from_uuid(to_uuid(id)) == id
    assert uuid_text(id) == str(to_uuid(id))
    assert UUID(uuid_text(id)) == to_uuid(id)
