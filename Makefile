# Every command of the project. `make demo` and `make test` set up all they need on a fresh machine.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
# Blender's own packager, which the bpy wheel brings along and which needs no running Blender.
BLENDER_EXT = $(wildcard .venv/lib/python3.*/site-packages/bpy/*/scripts/addons_core/bl_pkg/cli/blender_ext.py)

.PHONY: demo test test-core test-blender test-cluster test-real bench docs lint build weights clean

demo: $(READY) weights
	$(BIN)/python -m core reconstruct examples/person.jpg --out out --formats npz,glb,blend
	$(BIN)/python scene/__main__.py out/person.npz --out out --sheet 2
	@echo "out/ holds person.npz, person.glb, person.blend and person-sheet.png"

test: test-core test-blender

test-core: $(READY) weights
	$(BIN)/python -m pytest tests/core --jaxtyping-packages=core,beartype.beartype

test-blender: $(READY) weights
	$(BIN)/python -m pytest tests/blender

# A real Ray with two workers, one of them killed in the middle. Not part of CI: Ray's wheel alone is 79 MB.
test-cluster: $(READY) weights
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/ray.txt
	$(BIN)/python -m pytest tests/core/test_cluster.py -m cluster

# A newcomer's way through a real Blender: BLENDER is the program (or a command that runs it), WHEELS a folder of wheels for its Python;
# MORE, for instance, `--window --make-with /usr/bin/python3.13`. Not part of CI, which has no Blender program.
test-real: build
	$(BIN)/python tests/real/newcomer.py --blender "$(BLENDER)" --wheels "$(WHEELS)" $(MORE)

# Seconds and memory of every stage and quality, and against PIFu's and PaMIR's networks; --share 1 asks those for every point.
bench: $(READY) weights
	$(BIN)/python -m training.bench

# The documentation as a site, into build/site.
docs: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/docs.txt
	$(BIN)/python -m mkdocs build --strict --quiet

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	mkdir -p build && ln -sfn .. build/doppel
	$(BIN)/mypy

build: $(READY) weights
	mkdir -p dist && rm -f dist/doppel-*.zip
	$(BIN)/python $(BLENDER_EXT) build --source-dir . --output-dir dist
	$(BIN)/python $(BLENDER_EXT) validate dist/doppel-*.zip
	$(BIN)/python $(BLENDER_EXT) server-generate --repo-dir dist

weights: $(READY)
	$(BIN)/python weights/fetch.py

$(READY): requirements/dev.txt requirements/runtime.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	touch $(READY)

clean:
	rm -rf out build dist .pytest_cache .ruff_cache .mypy_cache
