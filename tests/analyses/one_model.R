# A stratified Cox model by R's survival package: coefficients of the columns x1, x2, ... and the
# robust error of the first.
# Usage: Rscript one_model.R ROWS.csv ANSWERS.csv
suppressPackageStartupMessages(library(survival))
arguments <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(arguments[1])
tight <- coxph.control(eps = 1e-14, iter.max = 50)
names <- grep("^x[0-9]+$", colnames(rows), value = TRUE)
formula <- as.formula(paste("Surv(start, stop, event) ~", paste(names, collapse = " + "),
                            "+ strata(stratum)"))
fit <- coxph(formula, rows, cluster = cluster, ties = "efron", control = tight)
values <- c(coef(fit), sqrt(diag(fit$var))[1])
answers <- data.frame(quantity = c(names, "robust_error"), value = sprintf("%.17g", values))
write.csv(answers, arguments[2], row.names = FALSE, quote = FALSE)
