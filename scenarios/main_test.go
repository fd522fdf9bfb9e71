package scenarios

import (
	"testing"
	"testing/synctest"
	"time"
)

// withT stands on testing.MainStart, which Go does not promise to keep: this
// test says so first if a release changes it.
func TestWithT(t *testing.T) {
	var told, bubble bool
	ok, err := withT("example", func(t *testing.T) {
		told = true
		synctest.Test(t, func(*testing.T) {
			began := time.Now()
			time.Sleep(time.Hour)
			bubble = time.Since(began) == time.Hour
		})
	})
	if err != nil || !ok || !told || !bubble {
		t.Errorf("ok %v, error %v; told %v, in a bubble %v", ok, err, told, bubble)
	}
	if ok, _ := withT("example", func(t *testing.T) { t.Error("wrong") }); ok {
		t.Error("a failed T was not noticed")
	}
}
