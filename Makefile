SHELL := bash
.SHELLFLAGS := -euo pipefail -c

GOLANGCI_LINT_VERSION := v2.15.0
GOLANGCI_LINT := bin/golangci-lint-$(GOLANGCI_LINT_VERSION)

.PHONY: help
help: ## list what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## start the site on SQLite; needs only Go
	@go run ./cmd/twilightbark

.PHONY: build
build: ## build the program, bin/twilightbark
	go build -trimpath -o bin/twilightbark ./cmd/twilightbark

.PHONY: generate
generate: node_modules/.package-lock.json ## write again what is generated: *_templ.go and assets/static
	go tool templ generate
	npm run --silent css
	npm run --silent vendor
	go run assets/icons.go
	npm run --silent compress

# Not from the cache: an older result says nothing of the server and the browser
# that are here now. The race detector would slow the site in the browser's tests
# down, and sees the same code in the others.
.PHONY: test
test: node_modules/.package-lock.json ## run every test: SQLite, a real PostgreSQL, a real Chromium
	scripts/install compiler postgresql chromium
	go test -count=1 -timeout 30m -race $$(go list ./... | grep -v /e2e)
	go test -count=1 -timeout 30m ./e2e/...

.PHONY: screenshots
screenshots: ## take the documents' pictures again
	E2E_SCREENSHOTS=../docs go test -count=1 -run TestPictures ./e2e

.PHONY: lighthouse
lighthouse: build e2e/lighthouse/node_modules/.package-lock.json ## measure the home page and a room as Lighthouse sees them
	scripts/install chromium
	node e2e/lighthouse/run.js

e2e/lighthouse/node_modules/.package-lock.json: e2e/lighthouse/package.json e2e/lighthouse/package-lock.json
	scripts/install node
	npm ci --prefix e2e/lighthouse
	@touch $@

.PHONY: bench
bench: ## measure
	go test -run '^$$' -bench . -benchmem $$(go list ./... | grep -v /e2e)

# Each input that fails is kept in the package's testdata, and tried by its tests
# from then on.
FUZZ_TIME := 10s

.PHONY: fuzz
fuzz: ## try hostile input on every fuzz target, FUZZ_TIME=10s for each
	@grep -roH --include='*_test.go' --exclude-dir=node_modules '^func Fuzz[A-Za-z]*' . | sort | while IFS=: read -r file target; do \
		echo "$$(dirname "$$file"): $${target#func }"; \
		go test -run '^$$' -fuzz "^$${target#func }\$$" -fuzztime $(FUZZ_TIME) "$$(dirname "$$file")"; \
	done

.PHONY: lint
lint: current $(GOLANGCI_LINT) ## check what is generated, the HTML, the format, the code and the import table
	@unformatted=$$(find . -name node_modules -prune -o -name '*.go' -exec gofmt -l {} +); \
		test -z "$$unformatted" || { echo "gofmt -w these:" $$unformatted; exit 1; }
	npm run --silent validate
	go vet ./...
	$(GOLANGCI_LINT) run
	go test -count=1 -run 'Layers|Parity' .

# What is generated is committed, so that the site needs only Go. It is current
# if writing it again changes nothing.
.PHONY: current
current:
	@sums() { find assets/static views \( -name '*_templ.go' -o -path 'assets/static/*' \) -exec sha256sum {} + | sort -k 2; }; \
		before=$$(sums); \
		$(MAKE) --no-print-directory generate; \
		stale=$$(diff <(echo "$$before") <(sums) | awk '/^[<>]/ { print $$3 }' | sort -u || true); \
		test -z "$$stale" || { echo "These were not current. They are now, so commit them:" $$stale; exit 1; }

node_modules/.package-lock.json: package.json package-lock.json .npmrc
	scripts/install node
	npm ci
	@touch $@

# Built once, beside the versions of other branches.
$(GOLANGCI_LINT):
	GOBIN=$(CURDIR)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	@mv bin/golangci-lint $@
