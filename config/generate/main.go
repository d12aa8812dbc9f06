// Command generate writes what follows from the types of package config: the config block of Pulumi.yaml, the JSON
// Schema of stack files for editors, and the table of keys in README.md. It runs in the root of the repository.
//
//	go run ./config/generate         writes the files
//	go run ./config/generate -check  fails where a file is not as it would be written
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	check := flag.Bool("check", false, "fail where a file is not as it would be written, and write nothing")
	flag.Parse()
	if err := generate(".", *check); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// output is a file that is generated, or a part of one.
type output struct {
	// file is its path in the repository.
	file string
	// begin and end are the lines that the generated part stands between; empty: the whole file is generated.
	begin, end string
	// content makes the generated part; or it is a copy of the file copyOf, as a block of YAML.
	content func(section) (string, error)
	copyOf  string
}

func outputs() []output {
	return []output{
		{file: "Pulumi.yaml", begin: "  # config:begin\n", end: "  # config:end\n", content: projectBlock},
		{file: "plinth.schema.json", content: schema},
		{file: "README.md", begin: "<!-- config:begin -->\n", end: "<!-- config:end -->\n", content: table},
		{file: "README.md", begin: "<!-- local:begin -->\n", end: "<!-- local:end -->\n", copyOf: "Pulumi.local.yaml"},
	}
}

// generate writes every output below root, or with check fails where one differs.
func generate(root string, check bool) error {
	sections, err := readKeys(filepath.Join(root, "config"))
	if err != nil {
		return err
	}
	var failures []error
	for _, o := range outputs() {
		failures = append(failures, o.write(root, sections, check))
	}
	return errors.Join(failures...)
}

func (o output) write(root string, sections section, check bool) error {
	path := filepath.Join(root, o.file)
	before, err := os.ReadFile(path)
	if err != nil && (o.begin != "" || !errors.Is(err, os.ErrNotExist)) {
		return fmt.Errorf("generating a part of %s: %w", o.file, err)
	}
	content, err := o.generated(root, sections)
	if err != nil {
		return fmt.Errorf("generating %s: %w", o.file, err)
	}
	after, err := o.insert(string(before), content)
	if err != nil {
		return fmt.Errorf("generating a part of %s: %w", o.file, err)
	}
	if after == string(before) {
		return nil
	}
	if check {
		return fmt.Errorf("%s is not as it would be generated from config/ and Pulumi.local.yaml; "+
			"run: go run ./config/generate", o.file)
	}
	if err := os.WriteFile(path, []byte(after), 0o644); err != nil { //nolint:gosec // A source file, for all to read.
		return fmt.Errorf("generating %s: %w", o.file, err)
	}
	return nil
}

// generated is the part that is generated.
func (o output) generated(root string, sections section) (string, error) {
	if o.copyOf == "" {
		return o.content(sections)
	}
	text, err := os.ReadFile(filepath.Join(root, o.copyOf))
	return "```yaml\n" + string(text) + "```\n", err
}

// insert puts the generated part into its place.
func (o output) insert(before, content string) (string, error) {
	if o.begin == "" {
		return content, nil
	}
	head, rest, begins := strings.Cut(before, o.begin)
	_, tail, ends := strings.Cut(rest, o.end)
	if !begins || !ends {
		return "", fmt.Errorf("it has no line %q with a line %q after it", strings.TrimSpace(o.begin),
			strings.TrimSpace(o.end))
	}
	return head + o.begin + content + o.end + tail, nil
}
