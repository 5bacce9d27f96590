# The primary's Cox model by R's survival package, with and without a further covariate.
# Usage: Rscript frozen.R ROWS.csv ANSWERS.csv
suppressPackageStartupMessages(library(survival))
arguments <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(arguments[1])
tight <- coxph.control(eps = 1e-14, iter.max = 50)
fit <- coxph(Surv(start, stop, event) ~ exposed + agreed + strata(stratum), rows,
             cluster = country, ties = "efron", control = tight)
answers <- data.frame(quantity = c("log_ratio", "robust_error", "status"),
                      value = sprintf("%.17g", c(coef(fit)[1], sqrt(diag(fit$var))[1], coef(fit)[2])))
write.csv(answers, arguments[2], row.names = FALSE, quote = FALSE)
