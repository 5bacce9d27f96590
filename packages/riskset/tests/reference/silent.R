# What was once wrong in silence, by R's survival package, on the rows that the test has written.
# Usage: Rscript silent.R ROWS.csv ANSWERS.csv
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

# An offset, in the fit and in what is predicted.
fit <- coxph(Surv(start, stop, event) ~ x + offset(known), rows, control = tight)
new <- data.frame(x = c(0.5, -1), known = c(0.8, -0.4))
curve <- summary(survfit(fit, newdata = new), times = c(2, 4))
record("offset", "params", coef(fit))
record("offset", "survival", t(curve$surv))
record("offset", "hazard_error", t(curve$std.err / curve$surv))
# A formula of small integers, counted in R's integers of 32 bits and in doubles.
fit <- coxph(Surv(start, stop, event) ~ age * dose + I(age^2), rows, control = tight)
record("integers", "params", coef(fit))
# Causes by name.
rows$how <- factor(ifelse(rows$event == 0, "", ifelse(rows$cause == 2, "coup", "defeat")),
                   levels = c("", "coup", "defeat"))
curve <- summary(survfit(Surv(stop, how) ~ 1, rows[rows$start == 0, ]), times = c(2, 4))
record("causes", "coup", curve$pstate[, 2])
record("causes", "defeat", curve$pstate[, 3])
# An end far beyond all events; R's own near-ties are relative to the mean of the times.
far <- rows
far$stop[far$event == 0] <- 100
fit <- coxph(Surv(start, stop, event) ~ x, far, control = tight)
record("sentinel", "params", coef(fit))
record("sentinel", "loglik", fit$loglik[2])
write.csv(do.call(rbind, answers), arguments[2], row.names = FALSE, quote = FALSE)
