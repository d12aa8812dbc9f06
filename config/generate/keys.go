package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"plinth/config"
)

// section is a key, with the keys below it.
type section struct {
	// name is the key's own name.
	name string
	// goType is the Go type of its value, without pointers.
	goType reflect.Type
	// description says what it is for.
	description string
	// tag holds the rest that is known of it.
	tag reflect.StructTag
	// below are the keys of the object that it holds, of each entry, or of each element.
	below []section
}

// readKeys reads the tree of all keys from the types and, for their doc comments, the source code of package config.
func readKeys(folder string) (section, error) {
	comments, err := readComments(folder)
	if err != nil {
		return section{}, fmt.Errorf("reading the doc comments of %s: %w", folder, err)
	}
	root := section{goType: reflect.TypeFor[config.Config]()}
	return root, root.expand(comments)
}

// expand fills in the keys below.
func (s *section) expand(comments map[string]string) error {
	object := element(s.goType)
	if object.Kind() != reflect.Struct {
		return nil
	}
	for i := range object.NumField() {
		field := object.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		below := section{
			name: name, goType: field.Type, tag: field.Tag, description: comments[object.Name()+"."+field.Name],
		}
		if field.Type.Kind() == reflect.Pointer {
			below.goType = field.Type.Elem()
		}
		if below.description == "" {
			return fmt.Errorf("%s.%s has no doc comment, which is the description of the key", object.Name(),
				field.Name)
		}
		if err := below.expand(comments); err != nil {
			return err
		}
		s.below = append(s.below, below)
	}
	return nil
}

// element returns the type of what a list or map holds, and any other type as it is.
func element(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		return t.Elem()
	}
	return t
}

// required says whether a stack must have the key: itself, or one that is always below it.
func (s section) required() bool {
	if s.goType.Kind() == reflect.Struct && s.tag.Get("absent") == "" {
		for _, below := range s.below {
			if below.required() {
				return true
			}
		}
	}
	return s.tag.Get("required") != ""
}

// values lists what a key may hold, nil where that is not a fixed list.
func values(t reflect.Type) []string {
	enum, ok := reflect.Zero(t).Interface().(config.Enum)
	if !ok {
		return nil
	}
	return enum.Values()
}

// readComments returns the doc comment of every field of every struct in a folder, as one line, by "Type.Field".
func readComments(folder string) (map[string]string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	comments := map[string]string{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if declaration, ok := node.(*ast.TypeSpec); ok {
				fieldComments(declaration, comments)
			}
			return true
		})
	}
	return comments, nil
}

func fieldComments(declaration *ast.TypeSpec, comments map[string]string) {
	structure, ok := declaration.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, field := range structure.Fields.List {
		for _, name := range field.Names {
			comments[declaration.Name.Name+"."+name.Name] = strings.Join(strings.Fields(field.Doc.Text()), " ")
		}
	}
}
