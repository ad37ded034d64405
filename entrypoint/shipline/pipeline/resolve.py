"""From inputs to the frozen Pipeline: everything that can be checked without a network, all problems at once."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shipline.inputs import config_file, validation
from shipline.inputs.document import Document, Problems, SourceLocation
from shipline.inputs.parsing import list_items
from shipline.inputs.sources import Inputs, InputValue, merge
from shipline.interpolation import LATE_NAMES
from shipline.pipeline import (
    artifacts,
    buildmaster,
    centercode,
    journal,
    network,
    placeholders,
    release,
    release_notes,
    secrets,
    v3,
    variables,
)
from shipline.pipeline.model import Listener, Pipeline
from shipline.pipeline.section import Section, targets
from shipline.pipeline.target import ReleaseContext
from shipline.version import Version

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Container, Mapping

    from shipline.ci.facts import Facts
    from shipline.errors import Problem
    from shipline.transport.settings import Network


DEFAULT_CONFIGS = ("shipline.yml", "shipline.yaml")
_READ_FILES = frozenset({"artifacts", "notes", "notify", "network"})  # settings that lead to other files


@dataclass(eq=False, repr=False)
class Sources:
    """Where values may come from."""

    inputs: Inputs
    config: str | None  # a path relative to the workspace, "-" for `stdin`; None: shipline.yml if it exists
    stdin: str | None
    facts: Facts
    workspace: pathlib.Path
    need_keys: bool  # True if a missing key is a problem: for plan and run
    progress: Callable[[str], None] = lambda _: None  # receives how far it is; an empty text at the end
    without: frozenset[str] = frozenset()  # the last names of settings that aren't read
    any_version: bool = False  # True: the version, the artifacts and the notes aren't known yet
    ahead: bool = False  # True: connect to services while the settings are checked
    connects: bool = False  # True: doctor, to which a placeholder is a problem as it is to plan and run


@dataclass(eq=False, repr=False)
class ResolvedPipeline:
    """The pipeline, and what it was made of."""

    pipeline: Pipeline
    config: str | None  # the config file's name as messages show it
    missing_keys: tuple[str, ...]  # variables that a run needs and that have no key
    _document: Document
    _given: Mapping[str, InputValue]

    @property
    def origins(self) -> tuple[tuple[str, str, str], ...]:
        """For people, where each value came from: (setting, shown value, origin)."""
        from shipline.pipeline import provenance

        return tuple(provenance.shown(self._document, self._given, self.pipeline))


def load(sources: Sources, matters: Callable[[Problem], bool] = lambda _: True) -> ResolvedPipeline:
    """Resolve the pipeline. Raises InvalidInputError with every problem that ``matters``, in order of location."""
    problems = Problems()
    resolved = read(sources, problems)
    problems.raise_any(matters if resolved else lambda _: True)
    assert resolved is not None  # noqa: S101 - else the config file can't be read, which is a problem
    return resolved


def read(sources: Sources, problems: Problems) -> ResolvedPipeline | None:
    """Resolve the pipeline; None if the config can't be read. Check ``problems``, which gets all, before it is used."""
    document, config_name = read_config(sources, problems)
    given, key_variables = _given(sources, document, problems)
    if document is None:
        return None
    _merge(document, given, sources.without)
    ahead = network.connect_ahead(document, sources.workspace) if sources.ahead else None
    validation.check(document)
    placeholders.check(document, refuse=sources.need_keys or sources.connects)
    if sources.any_version:
        document.unusable |= {path for path, _ in document.walk() if path and path[-1] in _READ_FILES}
    every_key = secrets.all_keys(given, sources.inputs, key_variables)
    secrets.refuse_in_texts(document, every_key)
    credentials = secrets.CredentialResolver(
        given,
        sources.inputs,
        problems,
        required=sources.need_keys,
        folder=sources.workspace,
        hint=sources.facts.key_hint,
    )
    pipeline = _pipeline(document, sources, credentials, every_key, config_name, ahead=ahead)
    return ResolvedPipeline(pipeline, config_name, tuple(credentials.missing), document, given)


def outline(sources: Sources) -> Pipeline | None:
    """Parse the config into a Pipeline without reading artifacts, notes or keys; fields with problems are empty.

    None if the file can't be parsed.
    """
    problems = Problems()
    document, config_name = read_config(sources, problems)
    if document is None:
        return None
    given, _ = _given(sources, document, problems)
    _merge(document, given, without=_READ_FILES)
    validation.check(document)
    no_keys = secrets.CredentialResolver({}, Inputs({}, {}), problems, required=False)
    return _pipeline(document, sources, no_keys, {}, config_name)


def version_of(sources: Sources) -> str:
    """The version that the config and the tag give, checking nothing else; empty if they give none.

    Raises InvalidInputError for a config file that can't be read and for what isn't a version.
    """
    problems = Problems()
    document, _ = read_config(sources, problems)
    problems.raise_any()
    if document is None:
        return ""
    merge(document, sources.inputs.settings(Problems()), Problems())
    facts = sources.facts.of_product(Section(document, ()).text("tag-prefix") or "")
    section, names = Section(document, ("release",)), variables.of_run(facts)
    given = section.given("version") or "tag" in names.values
    version = release.version(section, names, facts.tag_hint) if given else None
    problems.raise_any()
    return version.text if version else ""


def default_config(workspace: pathlib.Path) -> str | None:
    """The config file that is read if none is named."""
    return next((name for name in DEFAULT_CONFIGS if (workspace / name).is_file()), None)


def read_config(sources: Sources, problems: Problems) -> tuple[Document | None, str | None]:
    """The settings of the config file and of those that it extends, and its name; empty settings without a file.

    None, and a problem, if one of them can't be read.
    """
    if sources.config == "-":
        name: str | None = "<stdin>"
        document = config_file.parse((sources.stdin or "").encode("utf-8", "surrogateescape"), "<stdin>", problems)
    elif name := sources.config or default_config(sources.workspace):
        document = config_file.read(sources.workspace / name, name, problems)
    else:
        document = Document(SourceLocation(DEFAULT_CONFIGS[0]), problems)
    given = sources.inputs.get("extends")
    if document is not None and (given or document.has(("extends",))):
        from shipline.inputs import extends

        with suppress(ValueError):  # which is reported when it is merged
            if given:
                document.put(("extends",), list_items(given.text), given.location)
        document = extends.merged(document, sources.workspace)
    return document, name


def _given(
    sources: Sources, document: Document | None, problems: Problems
) -> tuple[dict[str, InputValue], frozenset[str]]:
    """The settings that are given outside the file, and the variables that its ``key-env`` settings name."""
    key_variables = secrets.named_variables(document) if document is not None else frozenset()
    given = sources.inputs.settings(problems, key_variables)
    if "centercode-endpoint-url" in given:
        secrets.mask_within(given["centercode-endpoint-url"].text, "centercode-endpoint-url")
    return given, key_variables


def _merge(document: Document, given: Mapping[str, InputValue], without: Container[str]) -> None:
    """Set what is given, and remove secrets and the settings named ``without``."""
    secrets.strip_secrets(document)
    validation.expand_shorthands(document)
    merge(document, given, document.problems)
    for path, _ in document.walk():
        if path and path[-1] in without:
            document.remove(path)


def _pipeline(
    document: Document,
    sources: Sources,
    credentials: secrets.CredentialResolver,
    every_key: Mapping[str, str],
    config: str | None,
    *,
    ahead: Network | None = None,
) -> Pipeline:
    steps = release.steps(document)
    context = _context(document, sources, credentials, every_key, config, publishing="publish" in steps)
    section = Section(document, ("buildmaster",))
    builder = buildmaster.resolve(section, context, steps) if section.usable() else None
    v3_targets = [(target, v3.resolve(target, context)) for target in targets(document, "v3")]
    centercode_targets = [(target, centercode.resolve(target, context)) for target in targets(document, "centercode")]
    if len(v3_targets) > 1 or len(centercode_targets) > 1:
        from shipline.pipeline import identity

        identity.check(v3_targets, identity.same_release)
        identity.check(centercode_targets, identity.same_release_type)
    listeners: tuple[Listener, ...] = ()
    if document.has(("notify",)):
        from shipline.pipeline import notify

        listeners = notify.resolve(document, context, v3_targets, centercode_targets)
    return Pipeline(
        facts=context.facts,
        version=context.version or Version("", ()),
        steps=steps,
        artifacts=context.artifacts.items,
        check_links=Section(document, ()).value("check-links"),
        buildmaster=builder,
        v3=tuple(target for _, target in v3_targets),
        centercode=tuple(target for _, target in centercode_targets),
        network=ahead or network.resolve(Section(document, ("network",)), sources.workspace),
        notes_from=context.notes.origin,
        notify=listeners,
        journal=journal.resolve(Section(document, ("journal",)), credentials, context.facts, sources.workspace),
        warnings=document.problems.warnings,
        if_older=Section(document, ("release",)).value("if-older"),
    )


def _context(
    document: Document,
    sources: Sources,
    credentials: secrets.CredentialResolver,
    every_key: Mapping[str, str],
    config: str | None,
    *,
    publishing: bool,
) -> ReleaseContext:
    """What the sections of the services are resolved from: names, version, artifacts, notes and keys."""
    prefix = Section(document, ()).text("tag-prefix") or ""
    facts, release_section = sources.facts.of_product(prefix), Section(document, ("release",))
    run_names = variables.of_run(facts)
    version = None if sources.any_version else release.version(release_section, run_names, facts.tag_hint)
    all_names = variables.with_version(run_names.unknown() if sources.any_version else run_names, version)
    has_buildmaster = document.has(("buildmaster",))
    no_section = dict.fromkeys(LATE_NAMES, "there is no buildmaster section")
    late_names = all_names.with_late() if has_buildmaster else all_names.without(no_section)
    folder = artifacts.base_folder(document, config, sources.workspace)
    finder = artifacts.Finder(
        document, all_names, late_names, facts, sources.workspace, sources.progress, folder, publishing
    )
    notes_source = release_notes.Source(
        release=release_section,
        names=all_names,
        version=version,
        workspace=sources.workspace,
        folder=folder,
        allowed=artifacts.allowed_folders(document),
        commits=release_notes.commit_reader(sources.workspace, version, facts.tag, prefix),
        tag_prefix=prefix,
        keys=every_key,
    )
    prerelease = release_section.value("prerelease")
    return ReleaseContext(
        names=all_names,
        late_names=late_names,
        version=version,
        prerelease=bool(version and version.prerelease) if prerelease == "auto" else prerelease is True,
        artifacts=finder.find(),
        notes=release_notes.read(release_section, notes_source),
        notes_source=notes_source,
        title=release.title(release_section, late_names, version, has_buildmaster=has_buildmaster),
        keys=credentials,
        facts=facts,
        publishing=publishing,
    )
