from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dokkupy.services.dump_lines import LONGEST
from dokkupy_mysql.rows import Rows

DUMP = rb"""/*M!999999\- enable the sandbox mode */
-- MariaDB dump 10.19  Distrib 10.11.14-MariaDB, for debian-linux-gnu (x86_64)

CREATE TABLE `words` (
  `id` int(11) NOT NULL
);

--
-- Dumping data for table `words`
--

LOCK TABLES `words` WRITE;
/*!40000 ALTER TABLE `words` DISABLE KEYS */;
INSERT INTO `words` VALUES
(1,'a\n(2,\'b\');\nUNLOCK TABLES;\n'),
(2,'INSERT INTO `words` VALUES (3)');
INSERT INTO `words` VALUES
(3,NULL);
/*!40000 ALTER TABLE `words` ENABLE KEYS */;
UNLOCK TABLES;
/*!50003 CREATE*/ /*!50003 TRIGGER t AFTER INSERT ON words FOR EACH ROW BEGIN
INSERT INTO `log` VALUES
(1),
(2);
END */;;

--
-- Dumping data for table `odd``name`
--

LOCK TABLES `odd``name` WRITE;
INSERT INTO `odd``name` (`a`, `b`) VALUES
(1,0xFF);
UNLOCK TABLES;

--
-- Dumping data for table `none`
--

LOCK TABLES `none` WRITE;
UNLOCK TABLES;
-- Dump completed on 2026-11-22 14:00:00
"""


def counted(dump: bytes, size: int) -> dict[str, int]:
    counter = Rows()
    for at in range(0, len(dump), size):
        counter.write(dump[at : at + size])
    return counter.counts()


@given(size=st.integers(1, len(DUMP)))
def test_rows_are_counted_however_the_dump_is_cut(size: int) -> None:
    assert counted(DUMP, size) == {"words": 3, "odd`name": 1, "none": 0}


def test_a_row_of_many_pieces_is_one() -> None:
    huge = b"(4,'" + b"\\n(" * LONGEST + b"');\n"
    dump = DUMP.replace(b"(3,NULL);\n", b"(3,NULL),\n" + huge)
    assert counted(dump, 10_000)["words"] == 4


def test_nothing_is_said_of_many_rows_on_a_line() -> None:
    dump = DUMP.replace(b"INSERT INTO `odd``name` (`a`, `b`) VALUES\n", b"INSERT INTO `x` VALUES ")
    assert counted(dump, 100) == {"words": 3, "none": 0}
