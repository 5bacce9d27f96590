# Turnbull's estimate: by R's survival package, which stops early, and by its definition, the
# self-consistency equation over all stretches between ends of rows, iterated to rest.
# Usage: Rscript turnbull.R ROWS.csv ANSWERS.csv
suppressPackageStartupMessages(library(survival))
arguments <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(arguments[1])
answers <- list()
record <- function(quantity, values) {
  answers[[length(answers) + 1]] <<- data.frame(
    case = "whole", quantity = quantity, position = seq_along(values) - 1,
    value = sprintf("%.17g", as.numeric(values))
  )
}
upper <- ifelse(is.finite(rows$upper), rows$upper, NA)
fit <- survfit(Surv(rows$lower, upper, type = "interval2") ~ 1)
survival <- stepfun(fit$time, c(1, fit$surv))
chance <- survival(rows$lower) - ifelse(is.na(upper), 0, survival(rows$upper))
record("loglik", sum(log(chance)))

ends <- sort(unique(c(0, rows$lower, rows$upper)))
low <- head(ends, -1)
high <- tail(ends, -1)
within <- outer(rows$lower, low, "<=") & outer(rows$upper, high, ">=")
mass <- rep(1 / length(low), length(low))
for (step in 1:20000) mass <- mass * colMeans(within / drop(within %*% mass))
record("high", high)
record("survival", 1 - cumsum(mass))
write.csv(do.call(rbind, answers), arguments[2], row.names = FALSE)
