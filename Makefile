# `make help` lists what there is. CI runs `make test`.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

BUILD    := build
WITHPG   := $(BUILD)/withpg
NODE     := internal/browsertest internal/foreign/node
PACKAGES := ./...
LOGS     := $(CURDIR)/$(BUILD)/logs
# The race detector watches all but SQLite, which is C that a program has turned into
# Go: it locks as its authors wrote it, and being watched makes it five times slower.
# `make prove` watches it, too.
#
# Without paths in what is built, a clone in another directory finds it in Go's cache.
RACE     := -race -trimpath -gcflags='modernc.org/sqlite/lib=-race=false' -gcflags='modernc.org/libc/...=-race=false' -gcflags='modernc.org/memory=-race=false'

LINT_VERSION := v2.15.0
# Beside Go's own cache, so that whatever keeps that one keeps this too: it takes
# minutes to compile.
LINT := $(shell go env GOCACHE)/deskauth-tools/golangci-lint-$(LINT_VERSION)/golangci-lint

PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

.PHONY: help
help: ## List these targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: deps
deps: ## Install what the tests need from Debian's packages, if anything is missing.
	@scripts/deps.sh

.PHONY: build
build: ## Build the static binary that ships, build/deskauth.
	CGO_ENABLED=0 go build -trimpath -o $(BUILD)/deskauth ./cmd/deskauth

.PHONY: test
test: deps browser ## Run every test: both database engines, the race detector, a browser; no secret in any log.
	@CGO_ENABLED=0 go build -trimpath -o $(WITHPG) ./internal/store/storetest/withpg
	@CGO_ENABLED=0 go build -trimpath -o $(BUILD)/test/deskauth ./cmd/deskauth
	@mkdir -p $(LOGS)
	@# Three packages at a time on two cores, for they wait a good deal: for answers,
	@# time-outs and pages.
	@# A new directory for each run: a result that go test remembers has logged
	@# elsewhere. It stays when something failed.
	@logs=$$(mktemp -d $(LOGS)/XXXXXX); status=0; \
	DESKAUTH_TEST_LOGS=$$logs DESKAUTH_TEST_BINARY=$(CURDIR)/$(BUILD)/test/deskauth CGO_ENABLED=1 $(WITHPG) -- go test -p 3 $(RACE) -timeout 20m $(PACKAGES) 2>&1 \
	  | tee $$logs/output.txt || status=$$?; \
	CGO_ENABLED=0 go run -trimpath ./internal/testlog/leakcheck $$logs $$logs/output.txt || status=1; \
	[ $$status -ne 0 ] || rm -rf $$logs; \
	exit $$status
	@echo "make test: all of the above passed"

.PHONY: browser
browser: $(NODE:=/node_modules/.installed)

# Nothing of these packages runs at installation, and no browser is fetched: the
# tests drive the one that `make deps` installs.
%/node_modules/.installed: %/package.json %/package-lock.json
	cd $* && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

.PHONY: screenshots
screenshots: deps browser ## Take pictures of every page, in both themes and at two widths, into build/screenshots.
	DESKAUTH_SCREENSHOTS=$(CURDIR)/$(BUILD)/screenshots go test -count=1 -run 'TestEveryPage|TestSignIn' ./internal/browsertest

.PHONY: check
check: lint modules shell cross ## Formatting, linters, module files, scripts, and all platforms.
	@echo "make check: all of the above passed"

.PHONY: lint
lint: $(LINT) ## Run the linters: gofumpt, staticcheck, vet and what .golangci.yml names.
	go vet $(PACKAGES)
	$(LINT) run $(PACKAGES)

.PHONY: format
format: $(LINT) ## Format all Go files.
	$(LINT) fmt

$(LINT):
	GOBIN=$(dir $@) CGO_ENABLED=0 go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

.PHONY: modules
modules: ## Hold go.mod and go.sum against the code and the module cache.
	go mod tidy -diff
	go mod verify

.PHONY: shell
shell: ## Check the shell scripts, where shellcheck is installed.
	@if command -v shellcheck >/dev/null; then shellcheck .ci/run scripts/*.sh docs/api/*.sh; \
	else echo "shellcheck is not installed (sudo apt-get install shellcheck): scripts not checked"; fi

.PHONY: cross
cross: ## Build and vet for every platform that we ship to.
	@for platform in $(PLATFORMS); do \
	  echo "build and vet $$platform"; \
	  export GOOS=$${platform%/*} GOARCH=$${platform#*/} CGO_ENABLED=0; \
	  go build $(PACKAGES) && go vet $(PACKAGES) || exit 1; \
	done

.PHONY: prove
prove: deps browser ## Races, kills and fuzzing at length: two hours or so.
	@go build -o $(WITHPG) ./internal/store/storetest/withpg
	DESKAUTH_PROVE=1 CGO_ENABLED=1 $(WITHPG) -- go test -race -count=1 -timeout 90m $(PACKAGES)
	scripts/fuzz.sh

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME (60s).
	scripts/fuzz.sh

BENCH_QUICK := -each 2s -warm 500ms -runs 1 -tokens 200000 -pruning=false
PEERS       := bench/peers

.PHONY: bench
bench: build $(PEERS)/node_modules/.installed ## Measure the issuer beside bare servers and peers (half an hour; BENCH=quick: three minutes).
	@mkdir -p $(BUILD)/bench/peers
	@go build -o $(WITHPG) ./internal/store/storetest/withpg
	CGO_ENABLED=0 go build -o $(BUILD)/bench/ ./bench ./bench/bare ./bench/line
	cd $(PEERS) && CGO_ENABLED=0 go build -o $(CURDIR)/$(BUILD)/bench/peers/ ./...
	@# The servers run on core 0; the load and PostgreSQL on core 1.
	taskset -c 1 $(WITHPG) -fsync -- $(BUILD)/bench/bench -deskauth $(BUILD)/deskauth -bare $(BUILD)/bench/bare -line $(BUILD)/bench/line \
	  -peers $(BUILD)/bench/peers -node $(PEERS) $(if $(filter quick,$(BENCH)),$(BENCH_QUICK),-doc docs/performance.md)

$(PEERS)/node_modules/.installed: $(PEERS)/package.json $(PEERS)/package-lock.json
	cd $(PEERS) && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

.PHONY: clean
clean: ## Remove what was built here; the tools and Go's caches stay.
	rm -rf $(BUILD) $(NODE:=/node_modules) $(PEERS)/node_modules
