"""What stands beside a project file: a README, a Prefect deployment, a workflow of continuous integration."""

from __future__ import annotations

from typing import Literal, TypeAlias

from .guesses.guess import Guess

Ci: TypeAlias = Literal["github", "gitlab", "none"]
CI_FILES = {"github": ".github/workflows/{name}.yml", "gitlab": ".gitlab-ci.yml"}


def readme_text(guessed: Guess) -> str:
    """Write the README of a project: its files, its open questions, its commands."""
    name = guessed.name
    questions = "\n".join(
        f"{number}. `{one.key}`: {one.text}" for number, one in enumerate(guessed.questions, 1)
    )
    return f"""# {name}

A logistic model of `{guessed.outcome.column}`, trained by logitgate and promoted only with evidence.

| file | holds |
|---|---|
| `{name}.toml` | the project: rows, columns, features, costs; each guess with its evidence |
| `{name}.contract.json` | what the table promises; each rule with its reason and its slack |
| `cases.csv` | decisions that must come out right, to be filled in |
| `prefect.yaml` | the training as a deployment of Prefect |

## Open questions

Sensible defaults stand in the project file, so everything runs; the answers make it right.

{questions}

## Commands

```console
$ logitgate validate {name}.toml   # the file alone, at once
$ logitgate check {name}.toml      # the rows against the contract, and leaks
$ logitgate train {name}.toml      # judged, registered, promoted if every gate passes
$ logitgate history {name}.toml
$ logitgate ui
```
"""


def prefect_text(guessed: Guess) -> str:
    """Write a Prefect deployment of the training: weekly, or monthly where rows come seldom."""
    name = guessed.name
    cron = "0 6 1 * *" if guessed.calendar.weekly or guessed.calendar.time is None else "0 6 * * 1"
    return f"""# prefect work-pool create logitgate --type process
# prefect deploy --all
# prefect worker start --pool logitgate
name: {name}
pull:
  - prefect.deployments.steps.set_working_directory:
      directory: "{{{{ $PWD }}}}"

deployments:
  - name: {name}
    entrypoint: logitgate_flows.scheduled.scheduled_train
    # ASK when new rows and their outcomes are there, and whose clock that is.
    schedules: [{{cron: "{cron}", timezone: UTC}}]
    parameters: {{project_file: {name}.toml}}
    concurrency_limit: 1
    work_pool:
      name: logitgate
      job_variables: {{env: {{PREFECT_LOGGING_LEVEL: CRITICAL}}}}
    tags: [logitgate, {name}]
"""


def workflow_text(guessed: Guess, ci: Ci) -> str:
    """Write a workflow that validates, checks and trains, and shows the verdict."""
    return (_GITHUB if ci == "github" else _GITLAB).replace("NAME", guessed.name)


_GITHUB = """# Validates the project, checks the rows, trains, and comments the verdict.
# Move it to .github/workflows/ of the repository's root if this folder is not it.
name: NAME
on: [pull_request, workflow_dispatch]
permissions:
  contents: read
  pull-requests: write
jobs:
  train:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {python-version: "3.11"}
      - run: pip install logitgate
      - run: logitgate validate NAME.toml
      - run: logitgate check NAME.toml --junit check.xml
      - name: train
        shell: bash
        run: set -o pipefail; logitgate train NAME.toml --junit train.xml | tee verdict.txt
      - if: always() && github.event_name == 'pull_request'
        env: {GH_TOKEN: "${{ github.token }}"}
        run: |
          test -f verdict.txt || exit 0
          { echo '```'; cat verdict.txt; echo '```'; } > comment.md
          gh pr comment "${{ github.event.number }}" --body-file comment.md
      - uses: actions/upload-artifact@v4
        if: always()
        with: {name: verdict, path: "*.xml"}
"""

_GITLAB = """# Validates the project, checks the rows, trains, and reports the verdict to the merge request.
NAME:
  image: python:3.11
  script:
    - pip install logitgate
    - logitgate validate NAME.toml
    - logitgate check NAME.toml --junit check.xml
    - logitgate train NAME.toml --junit train.xml
  artifacts:
    when: always
    reports:
      junit: ["*.xml"]
"""
