# Concordance and Brier score, by R's survival package.
# Usage: Rscript accuracy.R ROWS.csv ANSWERS.csv
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
ranked <- function(case, found) {
  record(case, "estimate", found$concordance)
  record(case, "std_error", sqrt(found$var))
  record(case, "pairs", found$count[c("concordant", "discordant", "tied.x")])
}
ranked("whole", concordance(Surv(stop, event) ~ risk, rows, reverse = TRUE))
ranked("late", concordance(Surv(start, stop, event) ~ risk, rows, reverse = TRUE))
ranked("clusters", concordance(Surv(start, stop, event) ~ risk, rows, reverse = TRUE, cluster = group))
# One stratum has the same concordant pairs in R; several are added up there too.
ranked("horizon", concordance(Surv(stop, event) ~ risk, rows, reverse = TRUE, ymax = 6))
ranked("uno", concordance(Surv(stop, event) ~ risk, rows, reverse = TRUE, timewt = "n/G2"))
ranked("uno horizon", concordance(Surv(stop, event) ~ risk, rows, reverse = TRUE, timewt = "n/G2", ymax = 6))
fit <- coxph(Surv(stop, event) ~ x, rows, control = coxph.control(eps = 1e-14, iter.max = 50))
found <- brier(fit, times = c(2, 4, 6), detail = TRUE)
record("brier", "brier", found$brier)
record("brier", "survival", 1 - t(found$phat))
# R's reference is Kaplan and Meier's; its squared error has the same weights.
write.csv(do.call(rbind, answers), arguments[2], row.names = FALSE)
