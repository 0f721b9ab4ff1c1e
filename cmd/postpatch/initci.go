package main

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"postpatch/examples"
)

// pipelineFiles are where a pipeline's files go, by its system: the program's own
// examples, as they are.
func pipelineFiles(system string) map[string]string {
	switch system {
	case "github":
		return map[string]string{"patch.yml": ".github/workflows/patch.yml", "wave.yml": ".github/workflows/wave.yml"}
	case "gitlab":
		return map[string]string{"wave.yml": ".gitlab-ci.yml"}
	case "azure":
		return map[string]string{"azure-pipelines.yml": "azure-pipelines.yml", "wave.yml": "wave.yml"}
	case "jenkins":
		return map[string]string{"Jenkinsfile": "Jenkinsfile"}
	default:
		return nil
	}
}

func pipelines() []string { return []string{"github", "gitlab", "azure", "jenkins"} }

// pipelineTargets makes sure that the pipeline can be written, and returns where its files go.
func (c *initJob) pipelineTargets() (map[string]string, error) {
	files := pipelineFiles(c.ci)
	if files == nil {
		return nil, fmt.Errorf("--ci %s: want one of %s", c.ci, strings.Join(pipelines(), ", "))
	}
	for _, target := range files {
		if err := c.mayWrite(filepath.FromSlash(target), ""); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// writePipeline writes the pipeline's files below the working folder.
func (c *initJob) writePipeline(a app) error {
	files, err := c.pipelineTargets()
	if err != nil {
		return err
	}
	for source, target := range files {
		text, err := fs.ReadFile(examples.CI, path.Join("ci", c.ci, source))
		if err != nil {
			return err
		}
		if err := writeNew(filepath.FromSlash(target), string(text), 0o644); err != nil {
			return err
		}
		a.tell("wrote %s\n", target)
	}
	a.tell("next      write november.plan.yaml, which it names (postpatch explain plan), or put another name there\n")
	return nil
}
