.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help test race scenarios run up mutants diagrams diagrams-check mocks containers clients ci

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

test: ## Every test that needs only Go
	go test ./...

race: ## The same with the race detector
	go test -race ./...

scenarios: ## Only the stories
	go test ./scenarios -count=1

run: ## The stories, a line each, with what each end saw
	go run ./cmd/portico run

up: ## A town on loopback, until Ctrl-C
	go run ./cmd/portico up

mutants: ## Prove the stories: tell them to every faulty portal
	go build -o out/portico ./cmd/portico
	out/portico mutants

diagrams: ## Draw the pictures anew from what the stories observe
	go run ./cmd/portico diagrams

diagrams-check: ## Fail if a committed picture differs from what is observed
	go run ./cmd/portico diagrams --check

mocks: ## Generate the mocks of consumer-side interfaces
	go build -C .ci/mockery -o ../../out/mockery github.com/vektra/mockery/v2
	out/mockery

clients: ## Clients and servers that nobody here wrote (what needs npm or chromium says so if they are missing)
	command -v npm >/dev/null && (cd scenarios/interop && npm ci --silent --no-fund --no-audit) || echo "npm is missing: clients from it are not tested"
	cd scenarios/interop && go test -count=1 -v ./...

containers: ## A town in a container (needs Docker)
	cd scenarios/target/containers && go test -count=1 ./...

ci: ## Everything, as on a bare machine
	bash .ci/run
