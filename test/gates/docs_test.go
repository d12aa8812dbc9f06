package gates_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	// quoted is what a page sets as code, on one line.
	quoted = regexp.MustCompile("`([^`\n]+)`")
	// aTest is the name of a test. A page may leave out its end.
	aTest = regexp.MustCompile(`^(Test[A-Z][A-Za-z0-9]*)(…?)$`)
	// aTestFile is the end of the path of a test's file.
	aTestFile = regexp.MustCompile(`^[a-z0-9_]+/[a-z0-9_/]+_test\.go$`)
	// declared is the name of a test where it is declared.
	declared = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
)

// documents are README and every page, by path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	for _, pattern := range []string{"README.md", "docs/*.md", "examples/*/*.md"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			pages[path] = string(text)
		}
	}
	if len(pages) < 2 {
		t.Fatalf("only %d pages were found", len(pages))
	}
	return pages
}

// tests are the names of all tests and of their files, each between two line ends; a file's begins with a slash.
func tests(t *testing.T) string {
	t.Helper()
	var names strings.Builder
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && path != root {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		names.WriteString("\n/" + filepath.ToSlash(path) + "\n")
		for _, found := range declared.FindAllStringSubmatch(string(text), -1) {
			names.WriteString("\n" + found[1] + "\n")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names.String()
}

// unshown are the tests and their files that a page names and that do not exist.
func unshown(page, names string) []string {
	var missing []string
	for _, found := range quoted.FindAllStringSubmatch(page, -1) {
		if name := aTest.FindStringSubmatch(found[1]); name != nil {
			end := "\n"
			if name[2] != "" {
				end = ""
			}
			if !strings.Contains(names, "\n"+name[1]+end) {
				missing = append(missing, found[1])
			}
		}
		if aTestFile.MatchString(found[1]) && !strings.Contains(names, "/"+found[1]+"\n") {
			missing = append(missing, found[1])
		}
	}
	return missing
}

func TestWhatPagesNameAsShownIsThere(t *testing.T) {
	names := tests(t)
	for path, text := range documents(t) {
		if missing := unshown(text, names); len(missing) > 0 {
			t.Errorf("%s names %v, which do not exist", path, missing)
		}
	}
}

func TestATestThatIsNotThereIsFound(t *testing.T) {
	page := "by `TestNothingOfThisName`, `TestWhatPages…`, `test/gates/none_test.go` and `test/gates/docs_test.go`"
	got := strings.Join(unshown(page, tests(t)), " ")
	if want := "TestNothingOfThisName test/gates/none_test.go"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
