"""However folds and text are edited, what is sent is what is meant: a fold whole, or not at all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.core.draft import Draft, Fold, fold_text, harmless
from codex_ssh.tui.folds import Folds

texts = st.text(alphabet=st.sampled_from("ab [pasted 2]\n\x1b\u200b\U00100003"), max_size=12)
folds = st.builds(fold_text, st.text(max_size=30)) | st.builds(
    Fold, label=st.text(alphabet="ab]", min_size=1, max_size=9), text=st.text(max_size=9)
)
edits = st.tuples(st.integers(0, 60), st.integers(0, 60), texts | folds)


@given(st.lists(edits, max_size=12))
def test_any_edits_keep_folds_whole(steps: list[tuple[int, int, str | Fold]]) -> None:
    table = Folds()
    shown = ""
    meant: list[str | Fold] = []
    """One entry a character or a fold: what is meant, written down by hand."""
    for first, second, put in steps:
        draft = Draft(pieces=(put,)) if isinstance(put, Fold) else harmless(put)
        start, end = sorted((first % (len(shown) + 1), second % (len(shown) + 1)))
        start = table.whole(shown, start, to_end=start == end)
        end = table.whole(shown, end, to_end=True)
        places = _places(table, shown)
        at, to = places.index(start), places.index(end)
        meant[at:to] = [
            one for piece in draft.pieces for one in (piece if isinstance(piece, str) else [piece])
        ]
        shown = shown[:start] + table.encode(draft) + shown[end:]
        assert table.decode(shown).text == "".join(one if isinstance(one, str) else one.text for one in meant)
        assert len(table.shown(shown)) == len(shown)
        assert len(table.short(shown)) == len(meant)
        assert table.long(table.short(shown)) == shown
        assert table.shown(shown) == table.decode(shown).seen


@given(texts, folds, texts)
def test_text_that_looks_like_a_fold_is_none(before: str, fold: Fold, behind: str) -> None:
    table = Folds()
    draft = Draft(pieces=(*harmless(before + fold.label).pieces, fold, *harmless(behind).pieces))
    assert table.decode(table.encode(draft)).text == before + fold.label + fold.text + behind


def _places(table: Folds, shown: str) -> list[int]:
    """Every place an edit can begin or end at, in order."""
    inside = {at for start, end, _ in table.spans(shown) for at in range(start + 1, end)}
    return [at for at in range(len(shown) + 1) if at not in inside]


def test_a_private_character_that_is_no_mark_is_text() -> None:
    table = Folds()
    stray = "a\U0010abcdb"
    assert table.decode(stray).text == stray
    assert table.shown(stray) == "a�b"
    assert table.long(table.short(stray)) == stray
    assert table.whole(stray, 1, to_end=True) == 1
