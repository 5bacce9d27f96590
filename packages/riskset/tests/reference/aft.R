# Accelerated failure time models by R's survival package, on the rows that the test has written.
# Usage: Rscript aft.R ROWS.csv ANSWERS.csv
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

tight <- survreg.control(rel.tolerance = 1e-14, maxiter = 100)
for (distribution in c("exponential", "weibull", "lognormal", "loglogistic")) {
  for (weighted in c(FALSE, TRUE)) {
    rows$weight <- if (weighted) rows$w else 1
    fit <- survreg(Surv(stop, event) ~ x + z, rows, weights = weight, cluster = country,
                   dist = distribution, control = tight)
    case <- paste(distribution, if (weighted) "weighted" else "unweighted", sep = "-")
    free <- distribution != "exponential"
    record(case, "params", c(coef(fit), if (free) log(fit$scale)))
    record(case, "cluster_error", sqrt(diag(fit$var)))
    record(case, "model_error", sqrt(diag(fit$naive.var)))
    record(case, "loglik", fit$loglik[2])
    new <- data.frame(x = 0.4, z = 1)
    record(case, "median", predict(fit, new, type = "quantile", p = 0.5))
  }
}
write.csv(do.call(rbind, answers), arguments[2], row.names = FALSE, quote = FALSE)
