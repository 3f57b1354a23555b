"""What several test files share: a tiny site with all that stands around its content, and a plain one."""

import pytest
from readers.around_project import make_around_project
from readers.site_build_project import build_passes, make_project


@pytest.fixture(scope="session")
def around(tmp_path_factory):
    """A tiny site that names a repository and has comments; nothing in it may be changed."""
    project = make_around_project(tmp_path_factory.mktemp("around") / "project")
    build_passes(project)
    return project


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    """A tiny site that names neither; nothing in it may be changed."""
    project = make_project(tmp_path_factory.mktemp("plain") / "project")
    build_passes(project, GITHUB_REPOSITORY="", GITHUB_SHA="")
    return project
