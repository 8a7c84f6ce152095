"""Archives from anywhere, read as if whoever made them meant harm.

Nothing of an archive is ever unpacked into a folder: its members go as objects into a repository
of git's, so that a name can lead nowhere.
"""

from __future__ import annotations

from dokkupy.archives.member import Limits, Member
from dokkupy.archives.opening import members
from dokkupy.archives.tree import Tree

__all__ = ["Limits", "Member", "Tree", "members"]
