# Shared gamma frailty by R's survival package, on the rows that the test has written.
# Usage: Rscript frailty.R ROWS.csv ANSWERS.csv
suppressPackageStartupMessages(library(survival))
arguments <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(arguments[1])
answers <- list()
tight <- coxph.control(eps = 1e-13, iter.max = 200, toler.chol = 1e-14, outer.max = 60)

record <- function(case, quantity, values) {
  answers[[length(answers) + 1]] <<- data.frame(
    case = case, quantity = quantity, position = seq_along(values) - 1,
    value = sprintf("%.17g", as.numeric(values))
  )
}

describe <- function(case, fit) {
  record(case, "params", coef(fit)[c("x", "z")])
  # With sparse = FALSE the groups are ordinary coefficients, after the covariates.
  record(case, "errors", sqrt(diag(fit$var))[1:2])
  record(case, "integrated", fit$history[[1]]$c.loglik)
  record(case, "frailty", exp(if (is.null(fit$frail)) coef(fit)[-(1:2)] else fit$frail))
}

for (ties in c("efron", "breslow")) {
  for (theta in c(0.1, 0.4, 2)) {
    name <- paste(ties, theta, sep = "-")
    describe(name, coxph(Surv(start, stop, event) ~ x + z +
      frailty(country, theta = theta, method = "fixed", sparse = FALSE), rows, ties = ties, control = tight))
    describe(paste0(name, "-strata"), coxph(Surv(start, stop, event) ~ x + z + strata(region) +
      frailty(country, theta = theta, method = "fixed", sparse = FALSE), rows, ties = ties, control = tight))
  }
  free <- coxph(Surv(start, stop, event) ~ x + z + frailty(country, eps = 1e-9), rows,
                ties = ties, control = tight)
  describe(paste0(ties, "-free"), free)
  steps <- free$history[[1]]$history
  record(paste0(ties, "-free"), "variance", steps[nrow(steps), "theta"])
}
write.csv(do.call(rbind, answers), arguments[2], row.names = FALSE, quote = FALSE)
