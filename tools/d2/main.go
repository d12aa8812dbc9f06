// Command d2 draws a diagram: it reads text in the d2 language and writes an SVG picture.
//
// It is a module and a program of its own because the library behind it costs 33 CPU-seconds to compile and 25 MB to
// link, which is more than plinth itself may grow for one picture. `plinth render` builds and runs it.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"oss.terrastruct.com/d2/d2graph"
	"oss.terrastruct.com/d2/d2layouts/d2dagrelayout"
	"oss.terrastruct.com/d2/d2lib"
	"oss.terrastruct.com/d2/d2renderers/d2svg"
	"oss.terrastruct.com/d2/d2themes/d2themescatalog"
	"oss.terrastruct.com/d2/lib/log"
	"oss.terrastruct.com/d2/lib/textmeasure"
)

func main() {
	if err := draw(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// draw turns the text of in into the picture on out; the same text makes the same picture.
func draw(in io.Reader, out io.Writer) error {
	text, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("reading the diagram: %w", err)
	}
	ruler, err := textmeasure.NewRuler()
	if err != nil {
		return fmt.Errorf("preparing the fonts: %w", err)
	}
	pad, omitVersion := int64(24), true
	style := &d2svg.RenderOpts{Pad: &pad, ThemeID: &d2themescatalog.NeutralDefault.ID, OmitVersion: &omitVersion}
	diagram, _, err := d2lib.Compile(log.WithDefault(context.Background()), string(text), &d2lib.CompileOptions{
		Ruler: ruler,
		LayoutResolver: func(string) (d2graph.LayoutGraph, error) {
			return d2dagrelayout.DefaultLayout, nil
		},
	}, style)
	if err != nil {
		return fmt.Errorf("laying out the diagram: %w", err)
	}
	picture, err := d2svg.Render(diagram, style)
	if err != nil {
		return fmt.Errorf("drawing the diagram: %w", err)
	}
	if _, err := out.Write(picture); err != nil {
		return fmt.Errorf("writing the picture: %w", err)
	}
	return nil
}
