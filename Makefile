# make demo   two peers over ICE in one process
# make test   everything that has to hold; installs what it needs on Debian as root
# make bench  every figure beside other implementations and beside its floor, as a table and a picture; ten minutes
# make benchmarks  the benchmarks of each package, beside their floors
# make table  every foreign stack in every case, and table.html with a picture of each handshake
# make bogo   BoringSSL's protocol tests; BORINGSSL_DIR is a checkout of it
# make requirements   which rules have a test that fails when they are broken
# make mutants        breaks them, one after the other
# make hostile   what nobody's datagrams can do to us, as a table; a quarter of an hour
# make fuzz      every fuzz target, a minute each (FUZZTIME)
# make vulnerabilities   known ones that our code reaches, each explained in SECURITY.md

GO ?= go

# The modules beside the library's, which have dependencies that it has not.
MODULES = dtlstransport/sessions/boltstore examples/sfu interop/bench interop/pion

.PHONY: demo test bench benchmarks lint table bogo requirements mutants hostile fuzz vulnerabilities

demo:
	$(GO) run ./examples/quickstart

test: setup lint
	$(GO) test -race -timeout 25m ./...
	$(GO) run ./interop -quick -require -again 5
	$(GO) run ./interop/hostile -short
	$(GO) run ./interop/vulnerabilities
	for m in $(MODULES); do (cd $$m && $(GO) test -race -short -timeout 25m ./...) || exit 1; done
	cd examples/sfu && RTC_REQUIRE_BROWSERS=1 $(GO) test ./...

.PHONY: setup
setup:
	./interop/setup

lint:
	@test -z "$$(gofmt -l .)" || { echo 'gofmt would change:'; gofmt -l .; exit 1; }
	$(GO) vet ./...
	GOOS=darwin $(GO) vet ./...
	GOOS=windows $(GO) vet ./...
	for m in $(MODULES); do (cd $$m && $(GO) vet ./...) || exit 1; done
	$(GO) tool -modfile=.ci/tools.mod staticcheck ./...

bench:
	cd interop/bench && $(GO) run . -svg bench.svg

benchmarks:
	$(GO) test -run '^$$' -bench . -benchtime 1s ./...

table:
	$(GO) run ./interop -html table.html

bogo:
	$(GO) run ./interop/bogo/run

requirements:
	@$(GO) run ./interop/requirements

mutants:
	$(GO) run ./interop/requirements -mutants

hostile:
	$(GO) run ./interop/hostile

FUZZTIME ?= 1m
fuzz:
	for p in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
		for f in $$(cat $$p/*_test.go | sed -n 's/^func \(Fuzz[A-Za-z0-9]*\)(f .*/\1/p'); do \
			echo "$$p $$f"; (cd $$p && $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) .) || exit 1; done; done

vulnerabilities:
	$(GO) run ./interop/vulnerabilities
