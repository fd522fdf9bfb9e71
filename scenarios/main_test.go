package scenarios

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"testing/synctest"
	"time"
)

// asProgram makes the test binary behave as a program that has no T.
const asProgram = "PORTICO_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		fmt.Print(borrow())
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// borrow says what withT did for a test that holds and one that does not.
func borrow() string {
	var bubble bool
	good, err := withT("good", func(t *testing.T) {
		synctest.Test(t, func(*testing.T) {
			began := time.Now()
			time.Sleep(time.Hour)
			bubble = time.Since(began) == time.Hour
		})
	})
	bad, _ := withT("bad", func(t *testing.T) { t.Error("wrong") })
	return fmt.Sprintf("good %v, bad %v, bubble %v, error %v", good, bad, bubble, err)
}

// withT stands on testing.MainStart, which Go does not promise to keep: this
// test says so first if a release changes it.
func TestWithT(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asProgram+"=1")
	out, err := cmd.CombinedOutput()
	if want := "good true, bad false, bubble true, error <nil>"; err != nil || string(out) != want {
		t.Errorf("said %q (%v), want %q", out, err, want)
	}
}
