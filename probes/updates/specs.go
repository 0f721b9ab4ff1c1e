package updates

import (
	"slices"

	"postpatch/probes"
	"postpatch/probes/fact"
)

func specs() []probes.ReadingSpec {
	return slices.Concat(installedSpecs(), historySpecs(), viewSpecs(), missingSpecs(), packageSpecs())
}

// installedSpecs lets new updates come without a word, for that is what a patch is
// about, and what it replaces go: each cumulative update takes the one before off
// servicing's list.
func installedSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "hotfixes", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Superset}, Severity: fact.Note,
			Doc: "Updates that Windows' servicing has; what they replaced, Office, SQL Server and Exchange are not in it.",
		},
	}
}

func historySpecs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "failed", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Fail,
			Doc: "Updates whose newest try failed, was aborted or had errors, with its time, until a success overtakes it.",
		},
		{
			Name: "failures", Type: fact.TypeSet, Rule: ignore, Evidence: true,
			Doc: "Each failed update with its error code and what that means.",
		},
		{
			Name: "last_failed", Type: fact.TypeText, Rule: ignore,
			Doc: "The failed update that was tried last, with time and error code; empty when none failed.",
		},
		{
			Name: "succeeded", Type: fact.TypeSet, Rule: ignore,
			Doc: "Updates whose newest try the agent calls a success; a rollback at the boot is not known to it, see os.build.",
		},
		{
			Name: "uninstalled", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset},
			Doc: "Updates that the update agent has removed last.",
		},
		{
			Name: "history_entries", Type: fact.TypeInt, Of: "entries", Rule: fact.Rule{Op: fact.AtLeast},
			Doc: "How much the agent remembers, of which the newest 300 are read; less than before: its history was reset.",
		},
		{
			Name: "history_whole", Type: fact.TypeBool, Rule: ignore,
			Doc: "Whether all of that was read; where it was not, what failed long ago is not told.",
		},
		{
			Name: "result", Type: fact.TypeText, Rule: ignore,
			Doc: "What the newest try came to: succeeded, succeeded with errors, failed, aborted, in progress, not started.",
		},
		{
			Name: "hresult", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "The error code of the newest try, with what it means; absent when there is none.",
		},
		{
			Name: "tried", Type: fact.TypeTime, Rule: ignore,
			Doc: "When the update was tried last.",
		},
		{
			Name: "title", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "The update's title, in the host's language.",
		},
		{
			Name: "last_search", Type: fact.TypeTime, Rule: ignore,
			Doc: "When Automatic Updates last searched with success; absent where it does not tell.",
		},
		{
			Name: "last_install", Type: fact.TypeTime, Rule: ignore,
			Doc: "When Automatic Updates last installed with success; absent where it does not tell.",
		},
	}
}

func viewSpecs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "wsus_server", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "The WSUS server that policy names and has used; empty for none.",
		},
		{
			Name: "configmgr", Type: fact.TypeBool,
			Doc: "Whether a Configuration Manager client answers.",
		},
		{
			Name: "configmgr_failed", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Fail,
			Doc: "Updates whose deployment Configuration Manager says has failed; empty without a client.",
		},
		{
			Name: "configmgr_pending", Type: fact.TypeSet, Rule: ignore,
			Doc: "Updates that Configuration Manager has deployed, that apply and are not installed.",
		},
		{
			Name: "configmgr_state", Type: fact.TypeText, Rule: ignore,
			Doc: "How far the deployed update is: available, installing, waits for a hard reboot, failed and others.",
		},
		{
			Name: "configmgr_failures", Type: fact.TypeSet, Rule: ignore, Evidence: true,
			Doc: "Each of the failed ones with its error code and what that means.",
		},
	}
}

// missingSpecs tells nothing by itself: updates are published, approved and
// withdrawn every day, so the owner says what must not be missing.
func missingSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "missing", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Note,
			Doc: "Updates that apply and are not installed, as the source knows them.",
		},
		{
			Name: "missing_critical", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Note,
			Doc: "Those of them that Microsoft rates critical.",
		},
		{
			Name: "severity", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "Microsoft's rating of a missing update: Critical, Important, Moderate, Low, or unrated.",
		},
		{
			Name: "source", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText}, Evidence: true,
			Doc: "Who answered the search: what WSUS approved is not all that there is, and the catalogue knows security alone.",
		},
	}
}
