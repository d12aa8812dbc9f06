package config

import (
	"slices"
	"strings"
)

// nearest returns the candidate that somebody who wrote word most likely meant, "" where none is near: at most a third
// of the word, and at least one character, may differ. Of equally near ones it is the first.
func nearest(word string, candidates []string) string {
	best, bestDistance := "", max(1, len(word)/3)+1
	for _, candidate := range candidates {
		if d := distance(strings.ToLower(word), strings.ToLower(candidate)); candidate != "" && d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	return best
}

// distance counts the characters to insert, delete, replace or swap with their neighbour to make b out of a.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	// rows[i][j] is the distance of the first i characters of a from the first j of b.
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			replace := rows[i-1][j-1]
			if x[i-1] != y[j-1] {
				replace++
			}
			rows[i][j] = min(replace, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}

// suggestion is what to try instead of a word that is not known: the nearest known one, or else all of them.
func suggestion(word string, known []string) string {
	if near := nearest(word, known); near != "" {
		return "did you mean " + near + "?"
	}
	return "known: " + list(known)
}

// list returns words in alphabetical order, without the empty one.
func list(words []string) string {
	words = slices.DeleteFunc(slices.Clone(words), func(word string) bool { return word == "" })
	slices.Sort(words)
	return strings.Join(words, ", ")
}
