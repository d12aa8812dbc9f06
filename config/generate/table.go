package main

import (
	"fmt"
	"reflect"
	"strings"

	"plinth/config"
)

// table is the list of all keys, as a Markdown table.
func table(root section) (string, error) {
	var text strings.Builder
	text.WriteString("| Key | Type | Default | Description |\n|---|---|---|---|\n")
	rows(&text, root.below, config.Project+":", map[reflect.Type]string{})
	return text.String(), nil
}

// rows writes a row for each key and, after it, for the keys below. written holds the objects whose keys have been
// written already, by type.
func rows(text *strings.Builder, keys []section, prefix string, written map[reflect.Type]string) {
	for _, s := range keys {
		key, kind := prefix+s.name, s.typeName()
		below, like := s.below, written[s.goType]
		switch {
		case len(below) > 0 && like != "":
			below, kind = nil, "like "+like
		case len(below) > 0:
			written[s.goType] = s.name
		}
		fmt.Fprintf(text, "| `%s` | %s | %s | %s |\n", key, kind, s.defaultText(),
			strings.ReplaceAll(s.description, "|", `\|`))
		if s.goType.Kind() == reflect.Slice {
			key += "[]"
		}
		if s.goType.Kind() == reflect.Map {
			key += "." + s.tag.Get("key")
		}
		rows(text, below, key+".", written)
	}
}

// typeName says in words what a key holds.
func (s section) typeName() string {
	name := scalarName(element(s.goType))
	if s.goType.Kind() == reflect.Slice {
		name = "list of " + name + "s"
	}
	if s.goType.Kind() == reflect.Map {
		name += " by " + s.tag.Get("key")
	}
	return name
}

func scalarName(t reflect.Type) string {
	switch kind := t.Kind(); {
	case values(t) != nil:
		return "`" + strings.Trim(strings.Join(values(t), "`, `"), "`, ") + "`"
	case t == reflect.TypeFor[config.Secret]():
		return "secret"
	case kind == reflect.Struct:
		return "object"
	case kind == reflect.Bool:
		return "boolean"
	case kind == reflect.String:
		return "string"
	default:
		return "integer"
	}
}

// defaultText says what an absent key means.
func (s section) defaultText() string {
	switch text, found := s.tag.Lookup("default"); {
	case found && text != "":
		return "`" + text + "`"
	case s.tag.Get("tier") != "":
		return "by tier: " + strings.NewReplacer("=", " `", " ", "`, ").Replace(s.tag.Get("tier")) + "`"
	case s.tag.Get("absent") != "":
		return s.tag.Get("absent")
	case s.tag.Get("required") != "":
		return "**required**"
	default:
		return ""
	}
}
