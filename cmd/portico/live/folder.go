package live

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/portico-mcp/portico/reference/access"
	"github.com/portico-mcp/portico/reference/portal/credential"
	"github.com/portico-mcp/portico/scenarios/target/town"
	"github.com/portico-mcp/portico/simulators/idp"
	"github.com/portico-mcp/portico/simulators/upstream"
)

// Folder is where a town keeps what outlives it: keys, registrations, grants,
// each a file that only its owner may read; and while it is open, where its
// control port is.
type Folder struct {
	path string

	mu   sync.Mutex
	last string // the document that was loaded last; "": none
}

// inside is where the documents are: all that [Folder.Forget] takes away.
const inside = "world"

// OpenFolder makes the folder if there is none. A town that lives there already
// is ErrInhabited.
func OpenFolder(path string) (*Folder, error) {
	f := &Folder{path: path}
	if here, err := ReadAddress(path); err == nil && here.alive() {
		return nil, fmt.Errorf("%w: a town lives in %s already, with its control port at %s", ErrInhabited, path, here.URL)
	}
	if err := os.MkdirAll(filepath.Join(path, inside), 0o700); err != nil {
		return nil, fmt.Errorf("the town's folder: %w", err)
	}
	// What is kept here are secrets, if only of a test: no repository wants them.
	if err := f.write(".gitignore", []byte("*\n")); err != nil {
		return nil, fmt.Errorf("the town's folder: %w", err)
	}
	return f, nil
}

// ErrInhabited is returned for a folder in which a town lives.
var ErrInhabited = errors.New("the folder is taken")

// Path is where the folder is.
func (f *Folder) Path() string { return f.path }

// Forget takes everything away that a town kept.
func (f *Folder) Forget() error {
	if err := os.RemoveAll(filepath.Join(f.path, inside)); err != nil {
		return err
	}
	return os.MkdirAll(filepath.Join(f.path, inside), 0o700)
}

// keep is the folder as a town takes it; of a nil one nothing outlives the town.
func (f *Folder) keep() func(string) town.Document {
	if f == nil {
		return nil
	}
	return f.Document
}

// Document is a file of the folder.
func (f *Folder) Document(name string) town.Document {
	return document{f, filepath.Join(inside, name)}
}

type document struct {
	folder *Folder
	name   string
}

// Load reads the document; nil: there is none yet.
func (d document) Load() ([]byte, error) {
	d.folder.mu.Lock()
	d.folder.last = d.name
	d.folder.mu.Unlock()
	b, err := os.ReadFile(filepath.Join(d.folder.path, d.name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// blame names the document because of which no town could be opened, if one is
// to blame: parties check what they load at once, so it is the last.
func (f *Folder) blame(err error) error {
	for _, unfit := range []error{town.ErrDocument, access.ErrStore, credential.ErrDocument, idp.ErrStore, upstream.ErrStore} {
		if f != nil && errors.Is(err, unfit) {
			f.mu.Lock()
			defer f.mu.Unlock()
			return fmt.Errorf("%s: %w; put it right, take it away, or forget everything with --fresh", filepath.Join(f.path, f.last), err)
		}
	}
	return err
}

// Save replaces the document as a whole: who reads it meanwhile, or after a
// crash, finds the one before or this one.
func (d document) Save(b []byte) error { return d.folder.write(d.name, b) }

func (f *Folder) write(name string, b []byte) error {
	path := filepath.Join(f.path, name)
	next, err := os.CreateTemp(filepath.Dir(path), ".next-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = next.Write(b)
	if err = errors.Join(err, next.Close()); err == nil {
		err = os.Rename(next.Name(), path)
	}
	if err != nil {
		_ = os.Remove(next.Name())
	}
	return err
}

// Address is where a town's control port is, and what it wants to hear.
type Address struct {
	URL   string `json:"url"`
	Token string `json:"token"`
}

const addressFile = "control.json"

// Announce leaves the address for the commands that come later.
func (f *Folder) Announce(a Address) error {
	b, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return f.write(addressFile, b)
}

// Depart takes the address away.
func (f *Folder) Depart() { _ = os.Remove(filepath.Join(f.path, addressFile)) }

// ErrNoTown is returned where no town is open.
var ErrNoTown = errors.New("no town is open here")

// ReadAddress is the address that the folder's town announced.
func ReadAddress(path string) (Address, error) {
	var a Address
	b, err := os.ReadFile(filepath.Join(path, addressFile))
	if err == nil {
		err = json.Unmarshal(b, &a)
	}
	if err != nil || a.URL == "" {
		return Address{}, fmt.Errorf("%w: nothing is known of one in %s", ErrNoTown, path)
	}
	return a, nil
}

// alive asks whether somebody answers there who knows the token: after a crash
// the address stays behind.
func (a Address) alive() bool {
	req, err := http.NewRequest(http.MethodGet, a.URL+"/town", nil)
	if err != nil {
		return false
	}
	req.Header.Set("Authorization", "Bearer "+a.Token)
	res, err := (&http.Client{Timeout: time.Second}).Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}
