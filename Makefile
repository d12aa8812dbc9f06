# Every developer command, once. CI calls the same targets.
export GOFLAGS := -trimpath -buildvcs=false
BIN := $(CURDIR)/bin
PLINTH := $(BIN)/plinth
GO_SOURCES = find . -name '*.go' -not -path './.plinth/*' -not -path './tools/*'

.DEFAULT_GOAL := help
.PHONY: help build up down check fmt lint generate unit test e2e e2e-all kill bench

help: ## Show this list.
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## Build the command line, bin/plinth.
	@[ -x $(PLINTH) ] || echo "building bin/plinth: a few minutes the first time"
	@go build -o $(PLINTH) ./cmd/plinth

up: build ## Bring up the stack local, on $KUBECONFIG or an embedded cluster.
	@$(PLINTH) up local

down: build ## Destroy the stack local, and the embedded cluster with it.
	@$(PLINTH) destroy local --yes

check: lint unit ## Formatting, linters, generated files and unit tests: what must be green at every commit.

fmt: $(BIN)/golangci-lint ## Format the code.
	@$(BIN)/golangci-lint fmt ./...

lint: $(BIN)/golangci-lint ## Linters, formatting and generated files.
	@$(BIN)/golangci-lint run ./...
	@$(BIN)/golangci-lint fmt --diff ./...
	@go run ./config/generate -check

generate: ## Write what is generated from the configuration's types.
	@go run ./config/generate

unit: ## Tests that need no cluster.
	@go test -short ./...

test: ## All tests but those on a real cluster. They start embedded clusters.
	@go test -timeout 30m ./...

e2e: build ## Tests on the real cluster that $KUBECONFIG leads to.
	@go test -count=1 -timeout 30m -tags e2e ./test/e2e

e2e-all: build ## All live tests, the long ones too.
	@go test -count=1 -timeout 60m -v -tags 'e2e e2eall' ./test/e2e

kill: ## Kill up, destroy and updates at twenty random moments each: the next run goes on with it.
	@go test -count=1 -timeout 3h -v -run WhateverIsKilled ./cmd/plinth -args -kills 20 -kill-stack local

bench: ## Measure compile time and the engine's work, side by side with reference programs.
	@go test -run '^$$' -bench . -benchtime 1x -timeout 2h ./test/bench

$(BIN)/golangci-lint: tools/lint/go.sum
	@echo "building golangci-lint: a few minutes the first time"
	@go build -C tools/lint -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
