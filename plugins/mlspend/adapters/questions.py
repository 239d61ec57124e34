"""The questions that mlspend brings along: the SQL files of plugins/mlspend/questions."""

from pathlib import Path

from mlspend.core.questions import Question, parse_question

_FOLDER = Path(__file__).parent.parent / "questions"


def read_questions() -> dict[str, Question]:
    """Return every question by its slug, in the order of the slugs."""
    paths = sorted(_FOLDER.glob("*.sql"), key=lambda path: path.stem)
    return {path.stem: parse_question(path.stem, path.read_text()) for path in paths}
