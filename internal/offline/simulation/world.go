package simulation

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Entry is something that is in a cloud.
type Entry struct {
	// Type and ID identify it.
	Type string `json:"type"`
	ID   string `json:"id"`
	// Name is what people know it by.
	Name string            `json:"name,omitempty"`
	Tags map[string]string `json:"tags,omitempty"`
	// Made is when it was made.
	Made time.Time `json:"made"`
	// Maker is who made it where that was not the program: "Service shop/web", or what a test says.
	Maker string `json:"maker,omitempty"`
	// Owner is the key of the entry that it goes away with; empty: none.
	Owner string `json:"owner,omitempty"`
	// Left is why it is still here though it was deleted; empty: it was not.
	Left string `json:"left,omitempty"`
	// Inputs are the properties that somebody chose, Outputs those that the service added.
	Inputs  Object `json:"inputs,omitempty"`
	Outputs Object `json:"outputs,omitempty"`
	// Scope are the settings that it was made with, such as region and account.
	Scope Object `json:"scope,omitempty"`
}

// Key is what Owner holds.
func (e Entry) Key() string { return e.Type + " " + e.ID }

// Properties are the inputs and outputs together.
func (e Entry) Properties() Object { return fill(e.Inputs, e.Outputs) }

// Text is the string at a path of the properties, or of the settings; "id" is the id.
func (e Entry) Text(path string) string {
	if path == "id" {
		return e.ID
	}
	if v := get(e.Properties(), path); v != nil {
		return written(v)
	}
	return written(e.Scope[path])
}

// List is the list at a path of the properties.
func (e Entry) List(path string) []any { return lookup(e.Properties(), path) }

// World is everything that is in one cloud. Its methods may be called at the same time, but only one process may have
// it open.
type World struct {
	path string

	mu      sync.Mutex
	entries map[string]Entry
}

// worldFile is the name of the file in the folder of a world.
const worldFile = "world.json"

// Open reads the world in a folder, or begins one there.
func Open(dir string) (*World, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening the simulated cloud: %w", err)
	}
	w := &World{path: filepath.Join(dir, worldFile), entries: map[string]Entry{}}
	content, err := os.ReadFile(w.path)
	if errors.Is(err, fs.ErrNotExist) {
		return w, nil
	}
	if err != nil {
		return nil, fmt.Errorf("opening the simulated cloud: %w", err)
	}
	var entries []Entry
	if err := json.Unmarshal(content, &entries); err != nil {
		return nil, fmt.Errorf("opening the simulated cloud: %s: must be what a World writes; restore it, or remove the "+
			"folder and with it all that is in the cloud: %w", w.path, err)
	}
	for _, e := range entries {
		w.entries[e.Key()] = e
	}
	return w, nil
}

// Contents are all entries, ordered by type and id.
func (w *World) Contents() []Entry {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sorted()
}

func (w *World) sorted() []Entry {
	all := make([]Entry, 0, len(w.entries))
	for _, e := range w.entries {
		e.Inputs, e.Outputs = cloneObject(e.Inputs), cloneObject(e.Outputs)
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b Entry) int { return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID)) })
	return all
}

// Plant puts something in that no program made.
func (w *World) Plant(e Entry) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.Made.IsZero() {
		e.Made = time.Now().UTC()
	}
	w.entries[e.Key()] = e
	return w.write()
}

// Change edits an entry behind the program's back.
func (w *World) Change(token, id string, edit func(e *Entry)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := Entry{Type: token, ID: id}.Key()
	e, ok := w.entries[key]
	if !ok {
		return fmt.Errorf("changing %s: it is not in the simulated cloud", key)
	}
	e.Inputs, e.Outputs = cloneObject(e.Inputs), cloneObject(e.Outputs)
	edit(&e)
	w.entries[key] = e
	return w.write()
}

// Remove takes an entry out behind the program's back, with what it owns.
func (w *World) Remove(token, id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := Entry{Type: token, ID: id}.Key()
	if _, ok := w.entries[key]; !ok {
		return fmt.Errorf("removing %s: it is not in the simulated cloud", key)
	}
	w.drop(key)
	return w.write()
}

// drop removes an entry and those that it owns.
func (w *World) drop(key string) {
	delete(w.entries, key)
	for other, e := range w.entries {
		if e.Owner == key {
			w.drop(other)
		}
	}
}

// write saves all entries, so that after a crash the file is either the old one or the new one.
func (w *World) write() error {
	content, err := json.MarshalIndent(w.sorted(), "", "\t")
	if err != nil {
		return fmt.Errorf("writing the simulated cloud: %w", err)
	}
	if err := writeWhole(w.path, content); err != nil {
		return fmt.Errorf("writing the simulated cloud: %w", err)
	}
	return nil
}

// writeWhole replaces a file that is its owner's alone.
func writeWhole(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // Readable by its owner alone.
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
