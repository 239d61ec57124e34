from pathlib import Path

import pytest

from mlspend.adapters import config
from mlspend.adapters.config import Problem
from mlspend.adapters.home import PROJECT_ROOT, Home
from mlspend.adapters.source_names import queue_region, read_source_names, read_source_schedules
from mlspend.core.errors import ConfigInvalid

SMALL = """\
company: Small
sources:
  - {name: aws, provider: aws, location: exports/aws}
projects:
  - name: recommender
    aliases: [recsys]
    team: discovery
teams:
  - {name: discovery, slack_channel: "#discovery"}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "mlspend.yml"
    monkeypatch.setenv("MLSPEND_CONFIG", str(path))
    return path


def problems(file: Path, text: str) -> list[Problem]:
    file.write_text(text)
    return config.check()


def test_the_example_company_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLSPEND_CONFIG", raising=False)
    assert config.check() == []
    example = config.load()
    assert [source.name for source in example.sources] == ["aws"]
    assert example.sources[0].location == "exports/aws"
    assert {project.name: project.team for project in example.projects} == {
        "recommender": "discovery",
        "fraud-detection": "risk",
        "search-ranking": "discovery",
        "llm-assistant": "assistants",
        "forecasting": "supply-chain",
        "ml-platform": "platform",
    }
    assert list(example.ml_stages) == ["training", "inference", "data", "notebook", "feature_store", "monitoring"]


def test_every_threshold_in_the_example_has_its_reason_beside_it() -> None:
    for line in (PROJECT_ROOT / "config" / "mlspend.yml").read_text().splitlines():
        value = line.partition("#")[0].rpartition(":")[2].strip()
        if value.replace(".", "", 1).isdigit():
            assert "#" in line, line


def test_the_source_names_of_dag_files_are_those_of_the_configuration(file: Path) -> None:
    file.write_text(SMALL)
    assert read_source_names() == ("aws",) == tuple(source.name for source in config.load().sources)
    for text in ("", "sources: 3", "sources: [3]", "sources: [{nam: x}]", "sources: [{name: 3}]", "{"):
        file.write_text(text)
        with pytest.raises(ConfigInvalid, match="mlspend config check"):
            read_source_names()


QUEUES = """company: Small
sources:
  - {name: aws, provider: aws, location: s3://bills/aws, queue: https://sqs.eu-west-1.amazonaws.com/1/aws}
  - {name: hub, provider: other, location: exports/hub, connection: hub_billing}
"""


def test_the_queues_of_dag_files_are_those_of_the_configuration(file: Path) -> None:
    file.write_text(QUEUES)
    found = [(source.name, source.queue, source.connection) for source in read_source_schedules()]
    assert found == [(source.name, source.queue, source.connection) for source in config.load().sources]
    file.write_text(QUEUES.replace("https://sqs.eu-west-1.amazonaws.com/1/aws", "7"))
    with pytest.raises(ConfigInvalid, match="mlspend config check"):
        read_source_schedules()


def test_a_queue_is_one_sources_and_announces_what_lies_in_s3(file: Path) -> None:
    file.write_text(QUEUES.replace("connection: hub_billing", "queue: https://sqs.eu-west-1.amazonaws.com/1/aws"))
    assert [(problem.key, problem.message.partition(";")[0]) for problem in config.check()] == [
        ("sources[1].queue", "announces deliveries in S3, and the location is a folder"),
        ("sources[1].queue", "is the queue of 'aws' already"),
    ]
    file.write_text(QUEUES.replace("https://sqs.eu-west-1.amazonaws.com/1/aws", "billing-events"))
    [problem] = config.check()
    assert "the address of the SQS queue" in problem.message


def test_a_queue_is_asked_in_its_own_region_else_in_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "ap-south-1")
    assert queue_region("https://sqs.eu-west-1.amazonaws.com/1/aws") == "eu-west-1"
    assert queue_region("http://127.0.0.1:5000/1/aws") == "ap-south-1"


def test_a_location_is_below_the_home_unless_it_says_otherwise(file: Path, home: Home) -> None:
    file.write_text(SMALL)
    source = config.load().source("aws")
    assert source.location_in(home) == str(home.root / "exports/aws")
    assert source.model_copy(update={"location": "/data/x"}).location_in(home) == "/data/x"
    assert source.model_copy(update={"location": "s3://bills/x"}).location_in(home) == "s3://bills/x"
    with pytest.raises(ConfigInvalid, match="no source is called 'gcp'; the configuration knows: aws"):
        config.load().source("gcp")


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "words"),
    [
        ("company: Small", "compny: Small", 1, "compny", "did you mean company?"),
        ("company: Small", "company: 12", 1, "company", "put it in quotes"),
        ("company: Small", "company:", 1, "company", "is empty"),
        ("company: Small", "company: Small\ncompany: Big", 2, "company", "stands twice (first on line 1)"),
        ("provider: aws", "provider: amazon", 3, "sources[0].provider", "write one of aws, azure, gcp, other"),
        ("provider: aws, ", "", 3, "sources[0].provider", "is missing; write one of aws, azure, gcp, other"),
        ("name: aws", "name: AWS-1", 3, "sources[0].name", "a-z, 0-9 and _"),
        ("location: exports/aws", "location: gs://bills/x", 3, "sources[0].location", "write s3://bucket/prefix"),
        ("company: Small", "company: Small\nfreshness: {time_zone: Europe/Pariss}", 2, "freshness.time_zone", "Paris?"),
        ("company: Small", "company: Small\nfreshness: {time_zone: x}", 2, "freshness.time_zone", "write an IANA name"),
        ("company: Small", "company: Small\nfreshness: {night: 22-7}", 2, "freshness.night", '"22:00-07:00"'),
        ("location: exports/aws", "location: x, colour: red", 3, "sources[0].colour", "known here: name, provider"),
        ("aliases: [recsys]", "aliases: recsys", 6, "projects[0].aliases", "is not a list; write [one, two]"),
        ("aliases: [recsys]", "aliases: [no]", 6, "projects[0].aliases[0]", "is False"),
        ("    team: discovery", "    team: discovry", 7, "projects[0].team", "did you mean discovery?"),
        ("name: recommender", "name: Unattributed", 5, "projects[0].name", "what has no owner"),
        ('"#discovery"', "discovery", 9, "teams[0].slack_channel", 'a channel as "#name"'),
        ("teams:", "tags: [project]\nteams:", 8, "tags", "known here: project, team, environment, ml_stage"),
        ("teams:", "environments: {prod: [dev], dev: []}\nteams:", 8, "environments.prod[0]", "already means 'dev'"),
        ("teams:", "digest: &x {channel: '#a'}\nteams:", 8, "", ""),
        ("  - name: recommender", "  -name: recommender", 6, "", "is not valid YAML"),
    ],
)
def test_an_error_names_line_and_key_and_what_would_be_right(
    file: Path, old: str, new: str, line: int, key: str, words: str
) -> None:
    assert old in SMALL
    found = problems(file, SMALL.replace(old, new, 1))
    if not words:
        assert found == []
        return
    matching = [one for one in found if (one.line, one.key) == (line, key)]
    assert matching, [str(one) for one in found]
    assert words in matching[0].message
    assert str(matching[0]).startswith(f"{file}:{line}: ")
    with pytest.raises(ConfigInvalid) as raised:
        config.load()
    assert all(str(one) in str(raised.value) for one in found)


def test_names_must_be_unique_and_aliases_mean_one_project(file: Path) -> None:
    text = SMALL.replace(
        "teams:", "  - {name: Recommender, team: discovery}\n  - {name: x, aliases: [RecSys], team: discovery}\nteams:"
    )
    text = text.replace("projects:", "  - {name: aws, provider: other, location: x}\nprojects:")
    assert {(one.key, one.message.split(";")[0]) for one in problems(file, text)} == {
        ("sources[1].name", "is 'aws', like another of the sources"),
        ("projects[1].name", "is 'Recommender', like another of the projects"),
        ("projects[2].aliases[0]", "is 'RecSys', which already means 'recommender'"),
    }


def test_an_alias_of_yaml_is_refused_because_its_line_could_not_be_named(file: Path) -> None:
    [problem] = problems(file, "company: a\nsources:\n  - &one {name: a, provider: aws, location: x}\n  - *one\n")
    assert "write the value out" in problem.message


SECRETS = [
    "AKIA" + "IOSFODNN7EXAMPLE",
    "xoxb" + "-1234-abcd",
    "xapp" + "-1-A1-2-b",
    "-----BEGIN RSA " + "PRIVATE KEY-----",
    "https://x.blob.core.windows.net/c?" + "sig=hunter2",
    "s3://key:" + "hunter2@bucket/prefix",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "text",
    [
        'company: "{}"\n',
        'sources: [{{name: aws, location: "{}"}}]\n',
        'tags: {{project: [a, "{}"]}}\n',
        '"{}": 3\n',
        'unknown: {{deep: ["{}"]}}\ncompany: {{\n',
        'company: a\ncompany: "{}"\n',
        'company: {{a: "{}"\n',
        "company: *{}\n",
        "company: !{} x\n",
    ],
)
def test_a_secret_is_refused_and_never_repeated(file: Path, text: str, secret: str) -> None:
    found = problems(file, text.format(secret))
    assert found
    with pytest.raises(ConfigInvalid) as raised:
        config.load()
    told = "".join(map(str, found)) + str(raised.value) + repr(raised.value.__cause__)
    assert secret not in told
    assert "hunter2" not in told


@pytest.mark.parametrize("name", ["token", "slack_token", "password", "secretAccessKey", "access_key", "private-key"])
def test_a_key_for_a_secret_is_refused_whatever_its_value(file: Path, name: str) -> None:
    [problem] = problems(file, SMALL + f"digest:\n  {name}: hunter2\n")
    assert (problem.line, problem.key) == (11, f"digest.{name}")
    assert "Airflow Connections or the environment" in problem.message
    assert "hunter2" not in problem.message


@pytest.mark.parametrize(
    "content", [b"", b"# nothing\n", b"[]", b"\xff\xfe", b"\x00", b"a: b: c", b"[" * 2000, b"a: 2026-99-99"]
)
def test_what_is_no_configuration_at_all_is_said_so(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert config.check()


def test_a_missing_file_says_how_to_name_another(file: Path) -> None:
    [problem] = config.check()
    assert "set MLSPEND_CONFIG" in problem.message


def test_the_attribution_hash_changes_only_with_what_attribution_depends_on(file: Path) -> None:
    file.write_text(SMALL)
    before = config.load().attribution_hash()
    for same in (
        ("company: Small", "company: Big"),
        ("#discovery", "#other"),
        ("location: exports/aws", "location: /x"),
    ):
        file.write_text(SMALL.replace(*same))
        assert config.load().attribution_hash() == before, same
    for different in (("[recsys]", "[recsys, rec]"), ("company: Small", "company: Small\ntags: {project: [proj]}")):
        file.write_text(SMALL.replace(*different))
        assert config.load().attribution_hash() != before, different


def test_attribution_is_plain_and_knows_every_spelling(file: Path) -> None:
    file.write_text(SMALL.replace("[recsys]", "[RecSys]"))
    plain = config.load().attribution()
    assert plain["tag_values"]["project"] == {"recommender": "recommender", "recsys": "recommender"}
    assert plain["tag_values"]["environment"]["production"] == "prod"
    assert plain["tag_values"]["ml_stage"]["train"] == "training"
    always = {"valid_from": None, "valid_to": None}
    assert plain["projects"] == [{"name": "recommender", "aliases": ["RecSys"], "team": "discovery", **always}]
    assert plain["tag_keys"]["project"][0] == "project"


def test_the_configuration_without_a_file_knows_common_tags_and_no_projects() -> None:
    plain = config.default().attribution()
    assert plain["projects"] == []
    assert {"project", "environment"} <= plain["tag_keys"].keys()
    assert plain["tag_values"]["ml_stage"]["serving"] == "inference"
