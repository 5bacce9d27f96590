# Weighted log-rank tests, cumulative hazards and mean cumulative functions, by R's survival package.
# Usage: Rscript recurrent.R ROWS.csv ANSWERS.csv
suppressPackageStartupMessages(library(survival))
arguments <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(arguments[1])
answers <- list()
record <- function(case, quantity, values) {
  answers[[length(answers) + 1]] <<- data.frame(
    case = case, quantity = quantity, position = seq_along(values) - 1,
    value = sprintf("%.17g", as.numeric(values))
  )
}
last <- rows[rows$last == 1, ]
for (rho in c(0, 0.5, 1)) {
  plain <- survdiff(Surv(stop, event) ~ region, last, rho = rho)
  record(paste("rho", rho), "chisq", plain$chisq)
  record(paste("rho", rho), "observed", plain$obs)
  record(paste("rho", rho), "expected", plain$exp)
  strata <- survdiff(Surv(stop, event) ~ region + strata(z), last, rho = rho)
  record(paste("rho", rho), "strata", strata$chisq)
}
curve <- function(case, fit) {
  at <- fit$n.event > 0
  record(case, "time", fit$time[at])
  record(case, "estimate", fit$cumhaz[at])
  record(case, "std_error", fit$std.chaz[at])
}
curve("hazard", survfit(Surv(stop, event) ~ 1, last))
curve("late", survfit(Surv(start, stop, event) ~ 1, last))
curve("recurrent", survfit(Surv(start, stop, event) ~ 1, rows, id = unit, cluster = unit))
curve("clusters", survfit(Surv(start, stop, event) ~ 1, rows, id = unit, cluster = group))
write.csv(do.call(rbind, answers), arguments[2], row.names = FALSE)
