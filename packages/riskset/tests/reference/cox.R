# Cox models by R's survival package, on the rows that the test has written.
# Usage: Rscript cox.R ROWS.csv ANSWERS.csv
suppressPackageStartupMessages(library(survival))
arguments <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(arguments[1])
answers <- list()
tight <- coxph.control(eps = 1e-14, iter.max = 50)

record <- function(case, quantity, values) {
  answers[[length(answers) + 1]] <<- data.frame(
    case = case, quantity = quantity, position = seq_along(values) - 1,
    value = sprintf("%.17g", as.numeric(values))
  )
}

describe <- function(case, fit, strata = FALSE) {
  record(case, "params", coef(fit))
  record(case, "cluster_error", sqrt(diag(fit$var)))
  record(case, "model_error", sqrt(diag(fit$naive.var)))
  record(case, "loglik", fit$loglik)
  record(case, "score_test", fit$score)
  record(case, "martingale", residuals(fit, "martingale"))
  record(case, "score", t(residuals(fit, "score")))
  record(case, "schoenfeld", t(residuals(fit, "schoenfeld")))
  for (transform in c("km", "identity", "log", "rank")) {
    record(case, paste0("ph_", transform), cox.zph(fit, transform)$table[, "chisq"])
  }
  if (!strata) {
    curve <- survfit(fit, newdata = data.frame(x = 0.5, z = 1, y = -1))
    happened <- curve$n.event > 0
    record(case, "survival", curve$surv[happened])
    record(case, "times", curve$time[happened])
  }
}

for (ties in c("efron", "breslow")) {
  for (weighted in c(FALSE, TRUE)) {
    rows$weight <- if (weighted) rows$w else 1
    name <- paste(ties, if (weighted) "weighted" else "unweighted", sep = "-")
    whole <- coxph(Surv(start, stop, event) ~ x + z + y, rows, weights = weight,
                   cluster = country, ties = ties, control = tight)
    describe(name, whole)
    parts <- coxph(Surv(start, stop, event) ~ x + z + y + strata(region), rows, weights = weight,
                   cluster = country, ties = ties, control = tight)
    describe(paste0(name, "-strata"), parts, strata = TRUE)
    right <- coxph(Surv(stop, event) ~ x + z + y, rows, weights = weight,
                   cluster = country, ties = ties, control = tight)
    describe(paste0(name, "-right"), right)
    model <- coxph(Surv(start, stop, event) ~ x + z + y, rows, weights = weight,
                   robust = FALSE, ties = ties, control = tight)
    curve <- survfit(model, newdata = data.frame(x = 0.5, z = 1, y = -1))
    record(name, "hazard_error", curve$std.err[curve$n.event > 0])
  }
}
write.csv(do.call(rbind, answers), arguments[2], row.names = FALSE, quote = FALSE)
