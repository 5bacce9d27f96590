# What R's survival package answers on the rows of differences.py.
# Usage: Rscript differences.R ROWS.csv ANSWERS.csv
suppressPackageStartupMessages(library(survival))
arguments <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(arguments[1])
answers <- list()
say <- function(quantity, value) {
  answers[[length(answers) + 1]] <<- data.frame(quantity = quantity, value = sprintf("%.6g", value))
}
late <- Surv(rows$start, rows$stop, rows$event)
fit <- coxph(late ~ x + z, rows, cluster = group)
say("cox", coef(fit)[["x"]])
say("cox-error", sqrt(fit$var[1, 1]))
say("cox-weights", sqrt(coxph(late ~ x + z, rows, weights = w)$var[1, 1]))
say("linear-predictor", predict(fit)[[1]])
say("zph", cox.zph(fit)$table["x", "chisq"])
curve <- summary(survfit(fit, newdata = data.frame(x = 1, z = 0)), times = 6)
say("survival-error", curve$std.err)
say("km-low", summary(survfit(late ~ 1, rows), times = 6)$lower)
# Gamma frailty: where R stops by default.
frail <- coxph(late ~ x + z + frailty(group), rows)
say("frailty", frail$history[[1]]$theta)
say("logrank-late", NA)
aft <- survreg(Surv(stop, event) ~ x + z, rows, dist = "weibull", cluster = group)
say("aft", coef(aft)[["x"]])
say("aft-error", sqrt(aft$var[2, 2]))
say("aft-loglik", aft$loglik[2])
say("concordance", concordance(late ~ x, rows, reverse = TRUE)$concordance)
write.csv(do.call(rbind, answers), arguments[2], row.names = FALSE)
