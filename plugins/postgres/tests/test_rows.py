from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dokkupy.services.dump_lines import LONGEST
from dokkupy_postgres.rows import Rows

DUMP = rb"""--
-- PostgreSQL database dump
--

CREATE FUNCTION public.f() RETURNS void LANGUAGE sql AS $$
-- COPY nothing FROM stdin;
$$;

COPY public.words (id, w) FROM stdin;
1	a\nb
2	\\.
3	\N
\.


COPY public."Odd ""Name" ("a b") FROM stdin;
(1)
\.


COPY public.none (id) FROM stdin;
\.


COPY public.bare FROM stdin;


\.

--
-- PostgreSQL database dump complete
--
"""


def counted(dump: bytes, size: int) -> dict[str, int]:
    counter = Rows()
    for at in range(0, len(dump), size):
        counter.write(dump[at : at + size])
    return counter.counts()


@given(size=st.integers(1, len(DUMP)))
def test_rows_are_counted_however_the_dump_is_cut(size: int) -> None:
    wanted = {"public.words": 3, 'public."Odd ""Name"': 1, "public.none": 0}
    assert counted(DUMP, size) == {
        **wanted,
        "public.bare": 2,
    }


def test_a_row_of_many_pieces_is_one() -> None:
    huge = b"4\t" + b"\\n" * LONGEST + b"\n"
    dump = DUMP.replace(b"3\t\\N\n", b"3\t\\N\n" + huge)
    assert counted(dump, 10_000)["public.words"] == 4
