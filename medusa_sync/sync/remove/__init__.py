"""Removes what the source no longer has.

What is dropped, removed, drafted, deleted and kept:

name                        what it has                               set by
--------------------------  ----------------------------------------  ------------------------------------
`Matches.dropped`,          variants of ours that the store has and   `match_variants`, in each plan
`Change.dropped`            the source no longer has
`VariantRecord.dropped`     what happened to such a variant:
  `KEPT`                      nothing                                 `final_record`
  `DRAFTED`                   its stock was set to 0                  `final_record`
  `REMOVED`                   it is about to be deleted               `note`
`missing_since` of both     since when it is missing, with            `final_record` for a variant, else
records                     `--remove-after`; 0 if it is not marked   `Orphans`
`Context.removed_variants`  ids of those that the guards allow to     `Removals`; planner and writer leave
                            remove, by product                        out those that have to stay
`Change.removed`            those of them that are deleted            `plan_update`, `--on-missing delete`
`Change.drafted`            those of them that get the stock 0        `plan_update`, `--on-missing draft`
`Job.deleted`               ids of those that the store has deleted   the writer
`Job.kept`                  why the store refused to delete others    the writer
`OptionPlan.removed`        options of ours that the source dropped   `match_options`
`Record.drafted`            whether the product was set to draft      `Orphans`
`Record.deleted`            whether it was about to be deleted        `Orphans`
`Context.removed_products`  what a dry run would have deleted         `Removals`, and the attempt
`Ledger.kept`               how many products stay in the store       the ledger
"""
