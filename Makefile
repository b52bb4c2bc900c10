# The front door.  The build itself is meson's; everything here is one command long.
BUILD  ?= build
PREFIX ?= /usr/local
SECONDS_PER_TARGET ?= 60
# One workload alone: make bench ROW=T1
ROW    ?=
WORKLOAD ?= vt_feed/plain

.PHONY: all run test torture bench bench-quick bench-docs lint check-baseline profile format fuzz install clean

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet

$(BUILD)/build.ninja:
	tools/install-deps build
	meson setup $(BUILD)

run: all
	ORCHFLOW_BUILD=$(abspath $(BUILD)) tools/demo

test: all
	tools/install-deps test
	meson test -C $(BUILD) --print-errorlogs --timeout-multiplier 4

# The scenarios at full length: 1,000 kills, 10,000 panes.
torture: all
	tools/install-deps test
	ORCHFLOW_E2E_SCALE=500 meson test -C $(BUILD) --print-errorlogs --timeout-multiplier 10 torture upgrade scale automation

bench: all
	-tools/install-deps bench
	bench/run.py --build $(BUILD) $(ROW)

# What the last run measured, into docs/performance.md.
bench-docs:
	bench/document.py

bench-quick: all
	-tools/install-deps bench
	bench/run.py --build $(BUILD) --quick $(ROW)

lint: all
	tools/install-deps lint
	tools/lint $(BUILD)

# Instructions, memory, system calls, sizes and libraries against bench/baseline.json.
check-baseline: all
	tools/install-deps lint
	tools/check-baseline --self-test
	tools/check-baseline $(BUILD)

# Where one of these figures comes from: make profile WORKLOAD=request (all names: tools/check-baseline --list)
profile: all
	tools/install-deps lint
	tools/check-baseline --profile $(WORKLOAD) $(BUILD)

format:
	tools/install-deps lint
	tools/c-files | xargs clang-format -i

fuzz:
	tools/install-deps build lint
	tests/fuzz/run $(SECONDS_PER_TARGET)

install: all
	meson configure $(BUILD) -Dprefix=$(abspath $(PREFIX))
	meson install -C $(BUILD) $(if $(DESTDIR),--destdir $(DESTDIR))

clean:
	rm -rf build build-* bench/results bench/corpora
