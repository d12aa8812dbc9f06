package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// Stack is one stack of the project.
type Stack struct {
	// Project is the project it belongs to.
	Project *Project
	// Name is the last part of its full name.
	Name string
	// Folder is the folder that the Pulumi CLI works in, below .plinth. Empty: stacks/NAME.
	Folder string
	// Overrides are values of the configuration, by full key, that stand in the copy of the stack's file instead of the
	// user's own.
	Overrides map[string]string
}

// encryption is the part of a stack file that says how its secrets are encrypted. Pulumi writes it there by itself.
type encryption struct {
	SecretsProvider string `json:"secretsprovider,omitempty"`
	EncryptedKey    string `json:"encryptedkey,omitempty"`
	EncryptionSalt  string `json:"encryptionsalt,omitempty"`
}

// File returns the path of the user's stack file. It is read, and written by [Stack.SetImage] alone.
func (s *Stack) File() string {
	return filepath.Join(s.Project.Root, "Pulumi."+s.Name+".yaml")
}

// Dir returns the folder that the Pulumi CLI works in.
func (s *Stack) Dir() string {
	if s.Folder != "" {
		return s.Project.Path(s.Folder)
	}
	return s.Project.Path("stacks", s.Name)
}

// MustHaveFile returns an error that lists the stacks there are when this one has no file.
func (s *Stack) MustHaveFile() error {
	if _, err := os.Stat(s.File()); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	names, err := s.Project.Stacks()
	if err != nil {
		return err
	}
	there := "there are none"
	if len(names) > 0 {
		there = "there are " + strings.Join(names, ", ")
	}
	return &UsageError{Reason: fmt.Sprintf("no stack %q: %s does not exist; of the stacks with a file %s",
		s.Name, filepath.Base(s.File()), there)}
}

// OwnEncryption reports whether the user's file says how its secrets are encrypted, and whether that takes the user's
// passphrase rather than a key service.
func (s *Stack) OwnEncryption() (own, passphrase bool, err error) {
	user, err := readEncryption(s.File())
	if err != nil {
		return false, false, err
	}
	own = user != encryption{}
	passphrase = own && (user.SecretsProvider == "" || user.SecretsProvider == "passphrase")
	return own, passphrase, nil
}

// Prepared reports whether there are copies to work on.
func (s *Stack) Prepared() bool {
	_, err := os.Stat(filepath.Join(s.Dir(), "Pulumi.yaml"))
	return err == nil
}

// Prepare writes the copies of Pulumi.yaml and the stack file that the Pulumi CLI works on. What Pulumi wrote into the
// last copy about encryption is kept, unless the user's file says it.
func (s *Stack) Prepare() error {
	if err := os.MkdirAll(s.Dir(), 0o700); err != nil {
		return fmt.Errorf("making the folder of stack %s: %w", s.Name, err)
	}
	project, err := os.ReadFile(filepath.Join(s.Project.Root, "Pulumi.yaml"))
	if err != nil {
		return fmt.Errorf("copying Pulumi.yaml: %w", err)
	}
	if err := os.WriteFile(filepath.Join(s.Dir(), "Pulumi.yaml"), project, 0o600); err != nil {
		return fmt.Errorf("copying Pulumi.yaml: %w", err)
	}

	text, err := os.ReadFile(s.File())
	if errors.Is(err, fs.ErrNotExist) {
		return nil // A stack whose file was deleted can still be destroyed: its last copy is there.
	}
	if err != nil {
		return fmt.Errorf("copying the file of stack %s: %w", s.Name, err)
	}
	if text, err = override(text, s.Overrides); err != nil {
		return fmt.Errorf("copying %s: %w", s.File(), err)
	}
	user, err := readEncryption(s.File())
	if err != nil {
		return err
	}
	target := filepath.Join(s.Dir(), filepath.Base(s.File()))
	written, err := readEncryption(target)
	if err != nil {
		return err
	}
	if (user == encryption{}) && (written != encryption{}) {
		kept, err := yaml.Marshal(written)
		if err != nil {
			return fmt.Errorf("copying the file of stack %s: %w", s.Name, err)
		}
		if len(text) > 0 && text[len(text)-1] != '\n' {
			text = append(text, '\n')
		}
		text = append(text, kept...)
	}
	if err := os.WriteFile(target, text, 0o600); err != nil {
		return fmt.Errorf("copying the file of stack %s: %w", s.Name, err)
	}
	if copied, err := readEncryption(target); err != nil || (user == encryption{} && copied != written) {
		return fmt.Errorf("copying %s: write its top level as a block (`config:` on a line of its own)", s.File())
	}
	return nil
}

// readEncryption returns how the secrets of a stack file are encrypted: the zero value where it does not say, or where
// there is no such file.
func readEncryption(file string) (encryption, error) {
	var found encryption
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	if err != nil {
		return found, fmt.Errorf("reading a stack file: %w", err)
	}
	if err := yaml.Unmarshal(text, &found); err != nil {
		return found, fmt.Errorf("reading %s: %w", file, err)
	}
	return found, nil
}
