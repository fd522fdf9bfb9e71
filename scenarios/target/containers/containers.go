// Package containers is a whole town in a container as a target: the portico
// program alone in an image made FROM scratch, on the host's network, so that
// its loopback addresses are ours too.
package containers

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"

	"github.com/portico-mcp/portico/scenarios/target/process"
)

// dockerfile is an image with one file in it.
const dockerfile = `FROM scratch
COPY portico /portico
ENTRYPOINT ["/portico"]
`

// Build compiles the portico program of a checkout for a container, into a
// folder, and puts the Dockerfile beside it. It needs the go command.
func Build(ctx context.Context, checkout, dir string) error {
	build := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(dir, "portico"), "./cmd/portico")
	build.Dir = checkout
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build portico: %w\n%s", err, out)
	}
	return os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(dockerfile), 0o644)
}

// Launch starts towns in containers of an image built from a folder that Build
// has filled. The container, and the image with it, are removed at the end.
func Launch(ctx context.Context, dir string) process.Launch {
	return func(world, revision string) (process.Ready, func() error, error) {
		c, err := testcontainers.GenericContainer(ctx, testcontainers.GenericContainerRequest{
			Started: true,
			ContainerRequest: testcontainers.ContainerRequest{
				FromDockerfile:     testcontainers.FromDockerfile{Context: dir},
				Cmd:                process.Arguments(world, revision),
				WaitingFor:         wait.ForLog(`"endpoint"`).WithStartupTimeout(time.Minute),
				HostConfigModifier: func(h *container.HostConfig) { h.NetworkMode = "host" },
			},
		})
		if err != nil {
			// A container that was made and did not start is still there.
			return process.Ready{}, nil, errors.Join(fmt.Errorf("start a container: %w", err), testcontainers.TerminateContainer(c))
		}
		stop := func() error { return c.Terminate(context.WithoutCancel(ctx)) }
		ready, err := said(ctx, c)
		if err != nil {
			_ = stop()
			return process.Ready{}, nil, err
		}
		return ready, stop, nil
	}
}

// said finds what the town in the container said when it stood, among what it
// complained about.
func said(ctx context.Context, c testcontainers.Container) (process.Ready, error) {
	logs, err := c.Logs(ctx)
	if err != nil {
		return process.Ready{}, fmt.Errorf("read the container's log: %w", err)
	}
	defer logs.Close()
	lines := bufio.NewScanner(logs)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "{") {
			return process.ReadReady(strings.NewReader(lines.Text() + "\n"))
		}
	}
	return process.Ready{}, errors.Join(errors.New("the container did not say that its town stands"), lines.Err())
}
