package scenarios

import (
	"errors"
	"flag"
	"io"
	"os"
	"reflect"
	"testing"
	"time"
)

// withT runs the function with a *testing.T in a program that is not a test
// binary, and says whether it left the T unfailed. testing/synctest needs a
// real T to open a bubble.
//
// It stands on testing.MainStart, which is outside Go's compatibility promise;
// TestWithT shows at once when a new release changes it. What the testing
// package prints about itself is dropped; standard output is given back
// before withT returns.
func withT(name string, f func(*testing.T)) (ok bool, err error) {
	testing.Init()
	if !flag.Parsed() {
		if err := flag.CommandLine.Parse(nil); err != nil {
			return false, err
		}
	}
	quiet, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return false, err
	}
	defer quiet.Close()
	stdout := os.Stdout
	os.Stdout = quiet
	defer func() { os.Stdout = stdout }()
	tests := []testing.InternalTest{{Name: name, F: f}}
	return testing.MainStart(dependencies{}, tests, nil, nil, nil).Run() == 0, nil
}

// dependencies is what testing.MainStart asks of the program it runs in: to
// match every name, and nothing else.
type dependencies struct{}

var errUnavailable = errors.New("not available outside a test binary")

type corpusEntry = struct {
	Parent     string
	Path       string
	Data       []byte
	Values     []any
	Generation int
	IsSeed     bool
}

func (dependencies) ImportPath() string                          { return "scenarios" }
func (dependencies) ModulePath() string                          { return "" }
func (dependencies) MatchString(string, string) (bool, error)    { return true, nil }
func (dependencies) SetPanicOnExit0(bool)                        {}
func (dependencies) StartCPUProfile(io.Writer) error             { return errUnavailable }
func (dependencies) StopCPUProfile()                             {}
func (dependencies) StartTestLog(io.Writer)                      {}
func (dependencies) StopTestLog() error                          { return nil }
func (dependencies) WriteProfileTo(string, io.Writer, int) error { return errUnavailable }
func (dependencies) RunFuzzWorker(func(corpusEntry) error) error { return errUnavailable }
func (dependencies) CheckCorpus([]any, []reflect.Type) error     { return errUnavailable }
func (dependencies) ResetCoverage()                              {}
func (dependencies) SnapshotCoverage()                           {}

func (dependencies) ReadCorpus(string, []reflect.Type) ([]corpusEntry, error) {
	return nil, errUnavailable
}

func (dependencies) CoordinateFuzzing(time.Duration, int64, time.Duration, int64, int, []corpusEntry, []reflect.Type, string, string) error {
	return errUnavailable
}

func (dependencies) InitRuntimeCoverage() (string, func(string, string) (string, error), func() float64) {
	return "", nil, nil
}
