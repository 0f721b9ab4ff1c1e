package annotate

import (
	"fmt"
	"strings"
)

// Level is how grave an annotation is.
type Level string

// The levels.
const (
	Error   Level = "error"
	Warning Level = "warning"
)

// Annotation is something to be told at a line of a file of the repository. Its texts are
// clean; none has to be there but Text.
type Annotation struct {
	Level        Level
	File         string
	Line, Column int // beginning with 1; 0 for none
	Title, Code  string
	Text         string
}

// Form is a system's way to write an annotation, in one line without its end.
type Form func(Annotation) string

// GitHub is a workflow command of GitHub Actions.
func GitHub(a Annotation) string {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	var all []string
	for _, of := range properties(a, "file", "line", "col") {
		all = append(all, of[0]+"="+property.Replace(of[1]))
	}
	if a.Title != "" {
		all = append(all, "title="+property.Replace(a.Title))
	}
	command := "::" + string(a.Level)
	if len(all) > 0 {
		command += " " + strings.Join(all, ",")
	}
	return command + "::" + data.Replace(a.Text)
}

// Azure is a logging command of Azure Pipelines, which knows no title: it comes before the
// text.
func Azure(a Annotation) string {
	escape := azureEscaper()
	var b strings.Builder
	for _, of := range properties(a, "sourcepath", "linenumber", "columnnumber") {
		b.WriteString(of[0] + "=" + escape.Replace(of[1]) + ";")
	}
	if a.Code != "" {
		b.WriteString("code=" + escape.Replace(a.Code) + ";")
	}
	text := a.Text
	if a.Title != "" {
		text = a.Title + ": " + text
	}
	return AzureCommand(fmt.Sprintf("task.logissue type=%s;%s", a.Level, b.String()), text)
}

// AzureCommand is a logging command of Azure Pipelines with clean text as its data.
func AzureCommand(command, data string) string {
	return "##vso[" + command + "]" + azureEscaper().Replace(data)
}

func azureEscaper() *strings.Replacer {
	return strings.NewReplacer("%", "%AZP25", "\r", "%0D", "\n", "%0A", "]", "%5D", ";", "%3B")
}

// properties are where an annotation belongs, under a system's names.
func properties(a Annotation, file, line, column string) [][2]string {
	var all [][2]string
	if a.File == "" {
		return nil
	}
	all = append(all, [2]string{file, a.File})
	if a.Line > 0 {
		all = append(all, [2]string{line, fmt.Sprint(a.Line)})
		if a.Column > 0 {
			all = append(all, [2]string{column, fmt.Sprint(a.Column)})
		}
	}
	return all
}
