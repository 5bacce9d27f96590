# Adjusted survival by riskRegression (g-formula, influence functions) and by weighted survfit.
# Usage: Rscript adjusted.R ROWS.csv ANSWERS.csv
suppressPackageStartupMessages(library(survival))
arguments <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(arguments[1])
rows$g <- factor(rows$g)
answers <- list()
record <- function(case, quantity, values) {
  answers[[length(answers) + 1]] <<- data.frame(
    case = case, quantity = quantity, position = seq_along(values) - 1,
    value = sprintf("%.17g", as.numeric(values))
  )
}
at <- c(0.5, 1, 1.5)
if (requireNamespace("riskRegression", quietly = TRUE)) {
  fit <- coxph(Surv(stop, event) ~ strata(g) + x + z, rows, x = TRUE, y = TRUE)
  found <- riskRegression::ate(fit, data = rows, treatment = "g", times = at, se = TRUE,
                               verbose = FALSE)
  record("formula", "risk", found$meanRisk$estimate)
  record("formula", "error", found$meanRisk$se)
  record("formula", "difference", found$diffRisk$estimate)
  record("formula", "difference_error", found$diffRisk$se)
}
# Late entry: the average of R's own predictions.
fit <- coxph(Surv(start, stop, event) ~ strata(g) + x + z, rows)
late <- sapply(levels(rows$g), function(a) {
  curves <- survfit(fit, newdata = transform(rows, g = factor(a, levels(rows$g))))
  sapply(at, function(t) mean(sapply(seq_len(nrow(rows)), function(i) {
    one <- curves[i]
    c(1, one$surv)[1 + sum(one$time <= t)]
  })))
})
record("late", "survival", late)
chance <- predict(glm(g ~ x + z, binomial, rows), type = "response")
rows$w <- ifelse(rows$g == "1", 1 / chance, 1 / (1 - chance))
curve <- summary(survfit(Surv(start, stop, event) ~ g, rows, weights = w, id = id), times = at)
record("weights", "survival", curve$surv)
write.csv(do.call(rbind, answers), arguments[2], row.names = FALSE, quote = FALSE)
